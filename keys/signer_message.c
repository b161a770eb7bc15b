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

int signer_request_write(const struct signer_request *request, char **ret, size_t *ret_len,
	struct err *err)
{
	json_t *root =
		json_pack("{s:I, s:b, s:s*, s:s*, s:s*, s:O*, s:I, s:s*, s:s*, s:s*, s:s*}",
			"id", (json_int_t)request->id, "mint", request->is_mint, "namespace",
			request->namespace, "name", request->name, "uid", request->uid,
			"audiences", request->audiences, "lifetime",
			(json_int_t)request->lifetime_s, "actor", request->actor, "peer",
			request->peer, "outcome", request->outcome, "detail", request->detail);

	return dump(root, ret, ret_len, err);
}

int signer_request_read(const char *packet, size_t len, struct signer_request *ret,
	struct err *err)
{
	/* Zero bytes may occur in an audience; they are data like any other. */
	json_auto_t *root =
		json_loadb(packet, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct signer_request request = { .id = 0 };
	json_t *audiences = NULL;
	json_int_t id, lifetime;
	int is_mint;
	size_t i;
	const json_t *one;

	ret->id = json_integer_value(json_object_get(root, "id"));
	if (!root ||
		json_unpack(root, "{s:I, s:b, s:s, s:s, s?s, s?o, s:I, s?s, s?s, s?s, s?s !}",
			"id", &id, "mint", &is_mint, "namespace", &request.namespace, "name",
			&request.name, "uid", &request.uid, "audiences", &audiences, "lifetime",
			&lifetime, "actor", &request.actor, "peer", &request.peer, "outcome",
			&request.outcome, "detail", &request.detail) != 0)
		return err_set(err, ERR_BAD_INPUT, "a message to the signer is malformed");
	if ((is_mint && (!request.uid || !audiences)) ||
		(audiences && !json_is_array(audiences)))
		return err_set(err, ERR_BAD_INPUT, "a message to the signer lacks a member");
	json_array_foreach(audiences, i, one) if (!json_is_string(one)) return err_set(err,
		ERR_BAD_INPUT, "an audience is not a string");
	request.id = id;
	request.lifetime_s = lifetime;
	request.is_mint = is_mint;
	request.audiences = audiences;
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
