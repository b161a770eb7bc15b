/* mint.c - see mint.h. Claims are laid out as kube-apiserver does: members sorted at every
 * level, `aud` always an array, whole seconds.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64url.h"
#include "base/text.h"
#include "keys/claims.h"
#include "keys/jws.h"
#include "keys/mint.h"

/* An object has a name, and if it is known a uid. */
static int check_object(const char *what, const char *name, const char *uid, struct err *err)
{
	if (!name && uid)
		return err_set(err, ERR_REFUSED, "a %s without a name has a uid", what);
	if (name && name_check_subdomain(what, name, err) < 0)
		return -1;
	return uid ? name_check_uid(what, uid, err) : 0;
}

static int check_bound(const struct claims_bound *bound, struct err *err)
{
	if (bound->pod_name && !bound->pod_uid)
		return err_set(err, ERR_REFUSED, "a pod has a uid");
	if (check_object("pod", bound->pod_name, bound->pod_uid, err) < 0)
		return -1;
	return check_object("node", bound->node_name, bound->node_uid, err);
}

static int check(const struct keyring *ring, const struct mint_policy *policy,
	const struct mint_request *request, struct err *err)
{
	const int64_t key_max_s = keyring_signer_lifetime(ring);

	/* The asker checked all this too; a captured one may not have. */
	if (request->lifetime_s < 1 || request->lifetime_s > policy->max_lifetime_s)
		return err_set(err, ERR_REFUSED, "a lifetime of %s is beyond the maximum of %s",
			text_span(request->lifetime_s).s, text_span(policy->max_lifetime_s).s);
	if (request->lifetime_s > key_max_s)
		return err_set(err, ERR_REFUSED,
			"a lifetime of %s is beyond the %s that the active key was made for; start issuerd "
			"with this configuration first",
			text_span(request->lifetime_s).s, text_span(key_max_s).s);
	if (name_check_uid("uid of a service account", request->uid, err) < 0)
		return -1;
	if (json_array_size(request->audiences) == 0)
		return err_set(err, ERR_REFUSED, "a token needs an audience");
	if (name_check_label("namespace", request->namespace, err) < 0 ||
		name_check_subdomain("service account name", request->name, err) < 0)
		return -1;
	return check_bound(&request->bound, err);
}

static int payload(const struct keyring *ring, const struct mint_policy *policy,
	const struct mint_request *request, unix_time now, const struct mint_token *token,
	char **ret, struct err *err)
{
	const json_int_t issued_at = now - policy->backdate_s;
	json_auto_t *claims = json_pack("{s:O, s:I, s:I, s:s, s:s, s:o, s:I, s:s}", "aud",
		request->audiences, "exp", (json_int_t)token->exp, "iat", issued_at, "iss",
		keyring_issuer_url(ring), "jti", token->jti, "kubernetes.io",
		claims_kubernetes(request->namespace, request->name, request->uid,
			&request->bound),
		"nbf", issued_at, "sub", token->subject);

	*ret = claims ? json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (!*ret)
		return err_set(err, ERR_FAILED, "could not write the claims");
	return 0;
}

int mint(const struct keyring *ring, const struct mint_policy *policy,
	const struct mint_request *request, unix_time now, struct mint_token *ret,
	struct err *err)
{
	const struct jws_key *signer = keyring_signer(ring);
	auto_free char *claims = NULL;
	struct mint_token token = { .token = NULL };

	assert(signer);
	if (check(ring, policy, request, err) < 0 || secret_uuid(token.jti, err) < 0)
		return -1;
	token.exp = now + request->lifetime_s; /* checked: it cannot overflow */
	name_subject(request->namespace, request->name, token.subject);
	memcpy(token.kid, signer->kid, sizeof(token.kid));
	if (payload(ring, policy, request, now, &token, &claims, err) < 0)
		return -1;
	if (B64URL_LEN(strlen(claims)) > JWS_TOKEN_MAX - 1024)
		return err_set(err, ERR_BAD_INPUT,
			"the token would be longer than the %d characters that verifiers take; "
			"ask for fewer audiences",
			JWS_TOKEN_MAX);
	if (jws_sign(signer->key, signer->alg, signer->kid, claims, strlen(claims),
		    &token.token, err) < 0)
		return -1;
	*ret = token;
	return 0;
}

void mint_token_free(struct mint_token *token)
{
	free(token->token);
	token->token = NULL;
}

void mint_audit(const struct mint_token *token, struct store_audit *row)
{
	row->event = "token.issued";
	row->subject = token->subject;
	row->jti = token->jti;
	row->kid = token->kid;
	row->exp = token->exp;
	row->outcome = "ok";
}
