/* signer_message.c - see signer_message.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "keys/signer_message.h"

static int dump(json_t *root, char **ret, size_t *ret_len, struct err *err)
{
	auto_free char *packet = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	if (!packet)
		return err_set(err, ERR_BAD_INPUT,
			"a message to the signer could not be written");
	*ret_len = strlen(packet);
	if (*ret_len > SIGNER_MESSAGE_MAX)
		return err_set(err, ERR_BAD_INPUT, "the request is too long to be signed");
	*ret = take(packet);
	return 0;
}

static const char *const deeds[] = {
	[SIGNER_MINT] = "mint",
	[SIGNER_TOKEN_REFUSED] = "token refused",
	[SIGNER_REVIEW_REFUSED] = "review refused",
};

static json_t *mint_json(const struct mint_request *mint)
{
	const struct claims_bound *bound = &mint->bound;

	return json_pack("{s:s, s:s, s:s, s:O, s:I, s:s*, s:s*, s:s*, s:s*}", "namespace",
		mint->namespace, "name", mint->name, "uid", mint->uid, "audiences",
		mint->audiences, "lifetime", (json_int_t)mint->lifetime_s, "pod",
		bound->pod_name, "pod_uid", bound->pod_uid, "node", bound->node_name,
		"node_uid", bound->node_uid);
}

int signer_request_write(const struct signer_request *request, char **ret, size_t *ret_len,
	struct err *err)
{
	json_t *mint = request->deed == SIGNER_MINT ? mint_json(&request->mint) : NULL;

	if (request->deed == SIGNER_MINT && !mint)
		return err_set(err, ERR_BAD_INPUT,
			"a message to the signer could not be written");
	return dump(
		json_pack("{s:I, s:s, s:o*, s:s*, s:O*, s:s*, s:s*, s:s*, s:s*, s:o*, s:s*, "
			  "s:s*, s:s*, s:s*, s:s*}",
			"id", (json_int_t)request->id, "deed", deeds[request->deed], "token",
			mint, "subject", request->subject, "audiences", request->audiences,
			"bound", request->bound, "outcome", request->outcome, "detail",
			request->detail, "rule", request->rule, "asked",
			request->asked_s != 0 ? json_integer(request->asked_s) : NULL, "actor",
			request->actor, "auth", request->auth, "peer", request->peer, "agent",
			request->agent, "request", request->request_id),
		ret, ret_len, err);
}

static int malformed(struct err *err)
{
	return err_set(err, ERR_BAD_INPUT, "a message to the signer is malformed");
}

static int check_audiences(const json_t *audiences, struct err *err)
{
	const json_t *one;
	size_t i;

	if (!json_is_array(audiences))
		return malformed(err);
	json_array_foreach(audiences, i, one)
	{
		if (!json_is_string(one))
			return malformed(err);
	}
	return 0;
}

static int read_mint(json_t *json, struct mint_request *ret, struct err *err)
{
	struct claims_bound *bound = &ret->bound;
	json_t *audiences;
	json_int_t lifetime;

	if (json_unpack(json, "{s:s, s:s, s:s, s:o, s:I, s?s, s?s, s?s, s?s !}", "namespace",
		    &ret->namespace, "name", &ret->name, "uid", &ret->uid, "audiences",
		    &audiences, "lifetime", &lifetime, "pod", &bound->pod_name, "pod_uid",
		    &bound->pod_uid, "node", &bound->node_name, "node_uid",
		    &bound->node_uid) != 0)
		return malformed(err);
	ret->audiences = audiences;
	ret->lifetime_s = lifetime;
	return check_audiences(audiences, err);
}

static int read_deed(const char *name, enum signer_deed *ret, struct err *err)
{
	for (size_t i = SIGNER_MINT; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (strcmp(deeds[i], name) == 0) {
			*ret = (enum signer_deed)i;
			return 0;
		}
	return malformed(err);
}

static int read_members(json_t *root, struct signer_request *ret, struct err *err)
{
	json_t *mint = NULL, *audiences = NULL;
	const char *deed;
	json_int_t id, asked = 0;

	if (json_unpack(root,
		    "{s:I, s:s, s?o, s?s, s?o, s?s, s?s, s?s, s?s, s?I, s?s, s?s, s?s, s?s, s?s !}",
		    "id", &id, "deed", &deed, "token", &mint, "subject", &ret->subject,
		    "audiences", &audiences, "bound", &ret->bound, "outcome", &ret->outcome,
		    "detail", &ret->detail, "rule", &ret->rule, "asked", &asked, "actor",
		    &ret->actor, "auth", &ret->auth, "peer", &ret->peer, "agent", &ret->agent,
		    "request", &ret->request_id) != 0 ||
		read_deed(deed, &ret->deed, err) < 0 ||
		(ret->deed == SIGNER_MINT) != (mint != NULL))
		return malformed(err);
	ret->id = id;
	ret->asked_s = asked;
	ret->audiences = audiences;
	if (audiences && check_audiences(audiences, err) < 0)
		return -1;
	return mint ? read_mint(mint, &ret->mint, err) : 0;
}

int signer_request_read(const char *packet, size_t len, struct signer_request *ret,
	struct err *err)
{
	/* Zero bytes may occur in an audience; they are data like any other. */
	json_auto_t *root =
		json_loadb(packet, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct signer_request request = { .id = 0 };

	ret->id = json_integer_value(json_object_get(root, "id"));
	if (!root)
		return malformed(err);
	if (read_members(root, &request, err) < 0)
		return -1;
	request.root = take(root);
	*ret = request;
	return 0;
}

void signer_request_free(struct signer_request *request)
{
	json_decref(request->root);
	request->root = NULL;
}

/* ---- answers ---- */

/* The strings of an answer, in this order, each with its zero byte behind it. */
enum { ID, CODE, ERROR, EXP, JTI, KID, SUBJECT, TOKEN, STRING_COUNT };

/* The asker must hear of every refusal, also of one whose text is no UTF-8: it may name what a
 * stranger sent, cut in the middle of a character. */
static const char *error_text(const struct err *why)
{
	json_auto_t *text = json_string(why->text);

	return text ? why->text : "refused for a reason that cannot be written down";
}

int signer_reply_write(const struct signer_reply *reply, char **ret, size_t *ret_len,
	struct err *err)
{
	const struct mint_token *token = &reply->token;
	const bool is_error = reply->err.code != ERR_NONE;
	const bool has_token = !is_error && token->token;
	const struct text_small id = text_num(reply->id);
	const struct text_small code = text_num((int64_t)reply->err.code);
	const struct text_small exp = text_num(token->exp);
	const char *const strings[STRING_COUNT] = {
		[ID] = id.s,
		[CODE] = code.s,
		[ERROR] = is_error ? error_text(&reply->err) : "",
		[EXP] = has_token ? exp.s : "0",
		[JTI] = has_token ? token->jti : "",
		[KID] = has_token ? token->kid : "",
		[SUBJECT] = has_token ? token->subject : "",
		[TOKEN] = has_token ? token->token : "",
	};
	auto_text struct text packet = TEXT_INIT;

	for (size_t i = 0; i < STRING_COUNT; i++)
		text_add_bytes(&packet, strings[i], strlen(strings[i]) + 1);
	if (packet.len > SIGNER_MESSAGE_MAX)
		return err_set(err, ERR_BAD_INPUT, "the token is too long to be handed over");
	*ret_len = packet.len;
	*ret = text_take(&packet);
	return 0;
}

/* As many strings as there should be, and nothing behind them. */
static bool split(const char *packet, size_t len, const char *ret[STRING_COUNT])
{
	const char *const end = packet + len;

	for (size_t i = 0; i < STRING_COUNT; i++) {
		const char *zero = memchr(packet, '\0', (size_t)(end - packet));

		if (!zero)
			return false;
		ret[i] = packet;
		packet = zero + 1;
	}
	return packet == end;
}

static bool read_token(const char *const s[STRING_COUNT], struct mint_token *ret)
{
	struct err ignored = ERR_INIT;

	return text_int(s[EXP], 0, INT64_MAX, &ret->exp, &ignored) == 0 &&
		text_fit(ret->jti, sizeof(ret->jti), s[JTI]) &&
		text_fit(ret->kid, sizeof(ret->kid), s[KID]) &&
		text_fit(ret->subject, sizeof(ret->subject), s[SUBJECT]);
}

int signer_reply_read(const char *packet, size_t len, struct signer_reply *ret, struct err *err)
{
	const char *s[STRING_COUNT];
	struct signer_reply reply = { .id = 0 };
	struct err ignored = ERR_INIT;
	int64_t code;

	if (!split(packet, len, s) ||
		text_int(s[ID], INT64_MIN, INT64_MAX, &reply.id, &ignored) < 0 ||
		text_int(s[CODE], ERR_NONE, ERR_FAILED, &code, &ignored) < 0 ||
		!read_token(s, &reply.token) ||
		/* an error is never taken for a token, nor a token for an error */
		(code == ERR_NONE ? *s[ERROR] != '\0' : *s[TOKEN] != '\0'))
		return err_set(err, ERR_FAILED, "the signer's answer is malformed");
	if (code != ERR_NONE)
		(void)err_set(&reply.err, (enum err_code)code, "%s", s[ERROR]);
	reply.token.token = *s[TOKEN] != '\0' ? text_copy(s[TOKEN]) : NULL;
	*ret = reply;
	return 0;
}
