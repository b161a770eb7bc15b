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
			  "s:s*, s:s*, s:s*}",
			"id", (json_int_t)request->id, "deed", deeds[request->deed], "token",
			mint, "subject", request->subject, "audiences", request->audiences,
			"bound", request->bound, "outcome", request->outcome, "detail",
			request->detail, "rule", request->rule, "asked",
			request->asked_s != 0 ? json_integer(request->asked_s) : NULL, "actor",
			request->actor, "auth", request->auth, "peer", request->peer, "agent",
			request->agent),
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
		    "{s:I, s:s, s?o, s?s, s?o, s?s, s?s, s?s, s?s, s?I, s?s, s?s, s?s, s?s !}",
		    "id", &id, "deed", &deed, "token", &mint, "subject", &ret->subject,
		    "audiences", &audiences, "bound", &ret->bound, "outcome", &ret->outcome,
		    "detail", &ret->detail, "rule", &ret->rule, "asked", &asked, "actor",
		    &ret->actor, "auth", &ret->auth, "peer", &ret->peer, "agent",
		    &ret->agent) != 0 ||
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

/* The asker must hear of every refusal, also of one whose text is no UTF-8: it may name what a
 * stranger sent, cut in the middle of a character. */
static json_t *error_text(const struct err *why)
{
	json_t *text = json_string(why->text);

	return text ? text : json_string("refused for a reason that cannot be written down");
}

int signer_reply_write(const struct signer_reply *reply, char **ret, size_t *ret_len,
	struct err *err)
{
	const struct mint_token *token = &reply->token;

	if (reply->err.code != ERR_NONE)
		return dump(json_pack("{s:I, s:i, s:o}", "id", (json_int_t)reply->id, "code",
				    (int)reply->err.code, "error", error_text(&reply->err)),
			ret, ret_len, err);
	if (!token->token)
		return dump(json_pack("{s:I}", "id", (json_int_t)reply->id), ret, ret_len, err);
	return dump(json_pack("{s:I, s:s, s:s, s:s, s:s, s:I}", "id", (json_int_t)reply->id,
			    "token", token->token, "jti", token->jti, "kid", token->kid,
			    "subject", token->subject, "exp", (json_int_t)token->exp),
		ret, ret_len, err);
}

int signer_reply_read(const char *packet, size_t len, struct signer_reply *ret, struct err *err)
{
	json_auto_t *root = json_loadb(packet, len, JSON_REJECT_DUPLICATES, NULL);
	struct signer_reply reply = { .id = 0 };
	const char *token = NULL, *jti = "", *kid = "", *subject = "", *error = NULL;
	json_int_t id, exp = 0;
	int code = ERR_NONE;

	if (!root ||
		json_unpack(root, "{s:I, s?s, s?s, s?s, s?s, s?I, s?i, s?s !}", "id", &id,
			"token", &token, "jti", &jti, "kid", &kid, "subject", &subject, "exp",
			&exp, "code", &code, "error", &error) != 0)
		return err_set(err, ERR_FAILED, "the signer's answer is malformed");
	reply.id = id;
	reply.token.exp = exp;
	if (!text_fit(reply.token.jti, sizeof(reply.token.jti), jti) ||
		!text_fit(reply.token.kid, sizeof(reply.token.kid), kid) ||
		!text_fit(reply.token.subject, sizeof(reply.token.subject), subject))
		return err_set(err, ERR_FAILED, "the signer's answer is malformed");
	if (error && code > ERR_NONE && code <= ERR_FAILED)
		(void)err_set(&reply.err, (enum err_code)code, "%s", error);
	else if (error || code != ERR_NONE)
		return err_set(err, ERR_FAILED, "the signer's answer is malformed");
	reply.token.token = token ? text_copy(token) : NULL;
	*ret = reply;
	return 0;
}
