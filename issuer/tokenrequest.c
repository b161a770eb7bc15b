/* tokenrequest.c - see tokenrequest.h. Order of the checks: facts in doc/kubernetes.md; in
 * short, may they at all (403), media type (415), size (413), body (400), service account
 * (404), values (422, 409), audiences and lifetime (403).
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "issuer/kube.h"
#include "issuer/policy.h"
#include "issuer/tokenrequest.h"
#include "issuer/tokenrequest_json.h"

/* One request on its way. Lives until its answer is filled in. */
struct token_call {
	const struct gateway *gw;
	struct http_call *http;
	struct caller caller;
	unix_time now;
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	struct token_request request;
	struct store_account account;
	struct store_grants grants;
	json_t *audiences; /* after defaulting */
	int64_t asked_s;   /* lifetime, after defaulting */
	struct policy_decision decision;
	struct kube_object object; /* what an error is about */
	struct err refusal;        /* while its audit row is being written */
};

static void token_call_free(struct token_call *tc)
{
	caller_free(&tc->caller);
	token_request_free(&tc->request);
	store_account_free(&tc->account);
	store_grants_free(&tc->grants);
	json_decref(tc->audiences);
	free(tc);
}

/* ---- the checks ---- */

static int check_media_type(const struct token_call *tc, struct err *err)
{
	const char *type = http_header(tc->http, "Content-Type", NULL);
	const size_t len = type ? strcspn(type, "; \t") : 0;

	/* None at all means JSON: kubectl create --raw sends none. */
	if (len == 0 ||
		(len == strlen("application/json") &&
			strncasecmp(type, "application/json", len) == 0))
		return 0;
	return kube_refuse(err, KUBE_UNSUPPORTED_MEDIA_TYPE,
		"the body of the request was in an unknown format - accepted media types include: "
		"application/json");
}

static int check_size(const struct token_call *tc, struct err *err)
{
	if (!tc->http->request.is_body_too_large)
		return 0;
	return kube_refuse(err, KUBE_TOO_LARGE, "Request entity too large: limit is %u",
		(unsigned)tc->gw->conf->limits.body_bytes);
}

/* What the body says of itself must be what the URL says. */
static int check_metadata(struct token_call *tc, struct err *err)
{
	const struct token_request *req = &tc->request;

	if (req->metadata_name && *req->metadata_name &&
		strcmp(req->metadata_name, tc->name) != 0) {
		tc->object.name = tc->name;
		(void)kube_refuse(err, KUBE_INVALID,
			"TokenRequest.authentication.k8s.io \"%s\" is invalid: metadata.name: Invalid value: "
			"\"%.253s\": must match the service account name if specified",
			tc->name, req->metadata_name);
		err->field = "metadata.name";
		return -1;
	}
	if (req->metadata_uid && *req->metadata_uid &&
		strcmp(req->metadata_uid, tc->account.uid) != 0) {
		tc->object.name = tc->name;
		return kube_refuse(err, KUBE_CONFLICT,
			"Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"%s\": the UID in "
			"the token request (%.64s) does not match the UID of the service account (%s)",
			tc->name, req->metadata_uid, tc->account.uid);
	}
	return 0;
}

static int check_namespace(const struct token_call *tc, struct err *err)
{
	const char *namespace = tc->request.metadata_namespace;

	if (!namespace || !*namespace || strcmp(namespace, tc->namespace) == 0)
		return 0;
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"the namespace of the provided object does not match the namespace sent on the request");
}

static int check_lifetime(const struct token_call *tc, struct err *err)
{
	const bool is_short = tc->asked_s < CONF_LIFETIME_MIN_S;

	if (!is_short && tc->asked_s <= CONF_LIFETIME_MAX_S)
		return 0;
	(void)kube_refuse(err, KUBE_INVALID,
		"TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: "
		"Invalid value: %" PRId64 ": may not specify a duration %s",
		tc->asked_s, is_short ? "less than 10 minutes" : "larger than 2^32 seconds");
	err->field = "spec.expirationSeconds";
	return -1;
}

static int check_binding(const struct token_call *tc, struct err *err)
{
	const json_t *ref = tc->request.bound_object;
	const char *version = json_string_value(json_object_get(ref, "apiVersion"));
	const char *kind = json_string_value(json_object_get(ref, "kind"));

	if (!ref)
		return 0;
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"cannot bind token to object of type %.64s, Kind=%.64s", version ? version : "",
		kind ? kind : "");
}

/* ---- the steps ---- */

static int load_grants(struct token_call *tc, struct err *err)
{
	const struct store_client *client = &tc->caller.client;

	return store_grant_for(tc->gw->store, tc->gw->issuer->name, client->name,
		client->groups, client->group_count, &tc->grants, err);
}

static int load_account(struct token_call *tc, struct err *err)
{
	if (store_account_get(tc->gw->store, tc->gw->issuer->name, tc->namespace, tc->name,
		    &tc->account, err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	tc->object = (struct kube_object){ .kind = "serviceaccounts", .name = tc->name };
	return kube_refuse(err, KUBE_NOT_FOUND, "serviceaccounts \"%s\" not found", tc->name);
}

/* What was not asked for is filled in. */
static void apply_defaults(struct token_call *tc)
{
	const struct conf_tokens *tokens = &tc->gw->conf->tokens;
	const struct token_request *req = &tc->request;

	tc->asked_s = req->has_expiration ? req->expiration_s : tokens->default_lifetime.s;
	if (req->audiences) {
		tc->audiences = json_incref(req->audiences);
		return;
	}
	tc->audiences = json_array();
	for (uint32_t i = 0; i < tokens->audience_count; i++)
		(void)json_array_append_new(tc->audiences, json_string(tokens->audiences[i]));
	if (tokens->audience_count == 0)
		(void)json_array_append_new(tc->audiences, json_string(tc->gw->issuer->url));
}

/* Everything up to the decision. A refusal of policy is told apart by KUBE_FORBIDDEN. */
static int decide(struct token_call *tc, struct err *err)
{
	struct policy_wish wish = { .namespace = tc->namespace, .name = tc->name };

	tc->object = (struct kube_object){ .kind = "serviceaccounts", .name = tc->name };
	if (load_grants(tc, err) < 0 ||
		policy_allows_subject(&tc->grants, tc->caller.client.name, tc->namespace,
			tc->name, err) < 0)
		return -1;
	tc->object = (struct kube_object){ .group = NULL };
	if (check_media_type(tc, err) < 0 || check_size(tc, err) < 0 ||
		token_request_read(tc->http->request.body, tc->http->request.body_len,
			&tc->request, err) < 0 ||
		check_namespace(tc, err) < 0 || load_account(tc, err) < 0)
		return -1;
	tc->object = (struct kube_object){ "authentication.k8s.io", "TokenRequest", NULL };
	apply_defaults(tc);
	if (check_metadata(tc, err) < 0 || check_lifetime(tc, err) < 0 ||
		check_binding(tc, err) < 0)
		return -1;
	tc->object = (struct kube_object){ .kind = "serviceaccounts", .name = tc->name };
	wish.audiences = tc->audiences;
	wish.lifetime_s = tc->asked_s;
	return policy_decide(&tc->grants, tc->caller.client.name, &wish,
		tc->gw->conf->tokens.max_lifetime.s, &tc->decision, err);
}

/* ---- the answers ---- */

static json_t *answer_metadata(const struct token_call *tc)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "name", tc->name, "namespace", tc->namespace,
		"uid", tc->account.uid, "creationTimestamp", text_time(tc->now).s);
}

static void reply_token(struct token_call *tc, const struct mint_token *token)
{
	const int64_t granted_s = tc->decision.lifetime_s;

	for (size_t i = 0; i < tc->request.warning_count; i++)
		kube_reply_warning(tc->http, tc->request.warnings[i]);
	if (granted_s != tc->asked_s) {
		auto_free char *shortened =
			text_format("requested expiration of %" PRId64
				    " seconds shortened to %" PRId64 " seconds",
				tc->asked_s, granted_s);

		kube_reply_warning(tc->http, shortened);
	}
	kube_reply_json(tc->http, 201,
		json_pack("{s:s, s:s, s:o, s:{s:O, s:I, s:n}, s:{s:s, s:s}}", "kind",
			"TokenRequest", "apiVersion", "authentication.k8s.io/v1", "metadata",
			answer_metadata(tc), "spec", "audiences", tc->audiences,
			"expirationSeconds", (json_int_t)granted_s, "boundObjectRef", "status",
			"token", token->token, "expirationTimestamp", text_time(token->exp).s));
}

/* On the signer's thread. */
static void on_minted(void *ctx, struct signer_reply *reply)
{
	struct token_call *tc = ctx;
	struct http_call *http = tc->http;

	if (reply->err.code == ERR_NONE && reply->token.token)
		reply_token(tc, &reply->token);
	else
		kube_reply_error(http, &reply->err, NULL);
	token_call_free(tc);
	http_resume(http);
}

/* The refusal's row is on disk, or could not be written; nothing is let out either way. */
static void on_recorded(void *ctx, struct signer_reply *reply)
{
	struct token_call *tc = ctx;
	struct http_call *http = tc->http;

	if (reply->err.code != ERR_NONE)
		log_event(LOG_ERROR, "audit.refusal_lost", "actor", tc->caller.client.name,
			"error", reply->err.text, NULL);
	kube_reply_error(http, &tc->refusal, &tc->object);
	token_call_free(tc);
	http_resume(http);
}

/* Suspends the call and asks; if the signer cannot even be asked, `done` is called here. */
static void ask(struct token_call *tc, const struct signer_request *request,
	signer_done_fn *done)
{
	struct signer_reply failed = { .id = 0 };

	http_suspend(tc->http);
	if (signer_ask(tc->gw->signer, request, done, tc, &failed.err) < 0)
		done(tc, &failed);
}

static void ask_token(struct token_call *tc)
{
	auto_free char *detail =
		text_format("grant %" PRId64 ", lifetime %" PRId64 " of %" PRId64 " s asked",
			tc->decision.grant_id, tc->decision.lifetime_s, tc->asked_s);
	const struct signer_request request = {
		.is_mint = true,
		.namespace = tc->namespace,
		.name = tc->name,
		.uid = tc->account.uid,
		.audiences = tc->audiences,
		.lifetime_s = tc->decision.lifetime_s,
		.actor = tc->caller.client.name,
		.peer = tc->http->request.peer,
		.detail = detail,
	};

	ask(tc, &request, on_minted);
}

static void ask_record(struct token_call *tc)
{
	char subject[NAME_SUBJECT_MAX];
	const struct signer_request request = {
		.namespace = tc->namespace,
		.name = tc->name,
		.audiences = tc->audiences,
		.actor = tc->caller.client.name,
		.peer = tc->http->request.peer,
		.outcome = kube_reason_name((enum kube_reason)tc->refusal.detail),
		.detail = tc->refusal.text,
	};

	name_subject(tc->namespace, tc->name, subject);
	log_event(LOG_WARN, "token.refused", "actor", request.actor, "peer", request.peer,
		"sub", subject, "reason", tc->refusal.text, NULL);
	ask(tc, &request, on_recorded);
}

/* A name that no service account can have is one that does not exist. */
static int check_names(const char *namespace, const char *name, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (name_check_label("namespace", namespace, &ignored) == 0 &&
		name_check_subdomain("name", name, &ignored) == 0)
		return 0;
	return kube_refuse(err, KUBE_NOT_FOUND, "serviceaccounts \"%.253s\" not found", name);
}

void tokenrequest_serve(const struct gateway *gw, struct http_call *call, struct caller *caller,
	const char *namespace, const char *name, unix_time now)
{
	struct token_call *tc = text_alloc(1, sizeof(*tc));
	struct err err = ERR_INIT;

	tc->gw = gw;
	tc->http = call;
	tc->caller = *caller;
	tc->now = now;
	if (check_names(namespace, name, &err) < 0) {
		kube_reply_error(call, &err,
			&(struct kube_object){ .kind = "serviceaccounts", .name = name });
		token_call_free(tc);
		return;
	}
	(void)text_fit(tc->namespace, sizeof(tc->namespace), namespace); /* checked: they fit */
	(void)text_fit(tc->name, sizeof(tc->name), name);
	if (decide(tc, &tc->refusal) == 0) {
		ask_token(tc);
	} else if (tc->refusal.detail == KUBE_FORBIDDEN) {
		ask_record(tc);
	} else {
		kube_reply_error(call, &tc->refusal, tc->object.kind ? &tc->object : NULL);
		token_call_free(tc);
	}
}
