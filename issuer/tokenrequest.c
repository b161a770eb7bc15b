/* tokenrequest.c - see tokenrequest.h. Order of the checks: doc/kubernetes.md.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "base/log.h"
#include "issuer/bound_object.h"
#include "issuer/kube.h"
#include "issuer/kube_body.h"
#include "issuer/kube_metadata.h"
#include "issuer/refusal.h"
#include "issuer/tokenrequest.h"
#include "keys/jws.h"

/* One request on its way. Lives until its answer is filled in. */
struct token_call {
	const struct gateway *gw;
	struct http_call *http;
	struct user caller;
	struct access_user who; /* of the caller */
	unix_time now;
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	struct kube_body body;
	const json_t *metadata, *spec; /* of the body; may be NULL */
	const char *rule;              /* the check that is being made */
	struct access access;
	struct access_wish wish;
	struct store_account account;
	struct bound_object bound;
	json_t *audiences; /* after defaulting */
	int64_t asked_s;   /* lifetime, after defaulting */
	struct access_decision decision;
	struct kube_object object; /* what an error is about */
};

static void token_call_free(struct token_call *tc)
{
	access_free(&tc->access);
	user_free(&tc->caller);
	kube_body_free(&tc->body);
	store_account_free(&tc->account);
	bound_object_free(&tc->bound);
	json_decref(tc->audiences);
	free(tc);
}

/* ---- the checks ---- */

static struct kube_object the_account(const struct token_call *tc)
{
	return (struct kube_object){ .kind = "serviceaccounts", .name = tc->name };
}

static struct kube_object the_request(void)
{
	return (struct kube_object){ KUBE_AUTHENTICATION_GROUP, kube_token_request.kind, NULL };
}

/* What the body says of itself must be what the URL says. */
static int check_namespace(struct token_call *tc, struct err *err)
{
	const char *namespace = fields_string(tc->metadata, "namespace");

	if (!namespace || !*namespace || strcmp(namespace, tc->namespace) == 0)
		return 0;
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"the namespace of the provided object does not match the namespace sent on the request");
}

static int check_name(struct token_call *tc, struct err *err)
{
	const char *name = fields_string(tc->metadata, "name");

	tc->object = the_request(); /* from here on, if nothing else is said */
	if (!name || !*name || strcmp(name, tc->name) == 0)
		return 0;
	tc->object.name = tc->name;
	(void)kube_refuse(err, KUBE_INVALID,
		"TokenRequest.authentication.k8s.io \"%s\" is invalid: metadata.name: Invalid value: "
		"\"%.253s\": must match the service account name if specified",
		tc->name, name);
	err->field = "metadata.name";
	return -1;
}

static int check_uid(struct token_call *tc, struct err *err)
{
	const char *uid = fields_string(tc->metadata, "uid");

	if (!uid || !*uid || strcmp(uid, tc->account.uid) == 0)
		return 0;
	tc->object.name = tc->name;
	return kube_refuse(err, KUBE_CONFLICT,
		"Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"%s\": the UID in "
		"the token request (%.64s) does not match the UID of the service account (%s)",
		tc->name, uid, tc->account.uid);
}

static int check_lifetime(struct token_call *tc, struct err *err)
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

/* ---- the steps ---- */

/* What was not asked for is filled in. */
static void apply_defaults(struct token_call *tc)
{
	const json_t *seconds = json_object_get(tc->spec, "expirationSeconds");
	json_t *audiences = json_object_get(tc->spec, "audiences");

	tc->asked_s = json_is_integer(seconds) ? json_integer_value(seconds)
					       : tc->gw->conf->tokens.default_lifetime.s;
	tc->audiences = json_array_size(audiences) > 0 ? json_incref(audiences)
						       : json_deep_copy(tc->gw->api_audiences);
}

/* Longer than any token that could hold it (mint.h), and so than the signer takes. */
static int check_size(struct token_call *tc, struct err *err)
{
	const size_t size = json_dumpb(tc->audiences, NULL, 0, JSON_COMPACT);

	if (size == 0)
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"spec.audiences cannot be written down");
	if (size < JWS_TOKEN_MAX * 3 / 4)
		return 0;
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"the token would be longer than the %d characters that verifiers take; ask for "
		"fewer audiences",
		JWS_TOKEN_MAX);
}

static int read_body(struct token_call *tc, struct err *err)
{
	if (kube_body_read(tc->http, &kube_token_request, "v1", tc->gw->conf->limits.body_bytes,
		    &tc->body, err) < 0)
		return -1;
	tc->metadata = fields_object(tc->body.root, "metadata");
	tc->spec = fields_object(tc->body.root, "spec");
	bound_object_read(fields_object(tc->spec, "boundObjectRef"), &tc->bound);
	apply_defaults(tc);
	tc->wish = (struct access_wish){
		.namespace = tc->namespace,
		.name = tc->name,
		.ref = bound_object_ref(&tc->bound),
		.audiences = tc->audiences,
		.is_default = json_array_size(json_object_get(tc->spec, "audiences")) == 0,
		.lifetime_s = tc->asked_s,
	};
	return 0;
}

static int load_account(struct token_call *tc, struct err *err)
{
	if (store_account_get(tc->gw->store, tc->gw->issuer->name, tc->namespace, tc->name,
		    &tc->account, err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	tc->object = the_account(tc);
	return kube_refuse(err, KUBE_NOT_FOUND, "serviceaccounts \"%s\" not found", tc->name);
}

/* Policy's own words, as a 403. */
static int forbidden(struct token_call *tc, struct err *err)
{
	if (err->code == ERR_REFUSED) {
		err->detail = KUBE_FORBIDDEN;
		tc->object = the_account(tc);
	}
	return -1;
}

static int open_access(struct token_call *tc, struct err *err)
{
	return access_open(tc->gw->store, tc->gw->issuer->name, &tc->who, tc->namespace,
		       tc->name, &tc->access, err) == 0
		? 0
		: forbidden(tc, err);
}

static int check_binding(struct token_call *tc, struct err *err)
{
	if (access_check_binding(&tc->access, &tc->wish, err) == 0)
		return 0;
	if (err->code == ERR_NOT_FOUND)
		return bound_object_missing(&tc->bound, &tc->object, err);
	return forbidden(tc, err);
}

static int load_bound(struct token_call *tc, struct err *err)
{
	return bound_object_load(tc->gw, tc->namespace, tc->name, &tc->bound, &tc->object, err);
}

static int decide_access(struct token_call *tc, struct err *err)
{
	return access_decide(&tc->access, &tc->wish, tc->gw->conf->tokens.max_lifetime.s,
		       &tc->decision, err) == 0
		? 0
		: forbidden(tc, err);
}

/* In this order, each with its name in the audit; those without are named by access_rule. */
static const struct {
	const char *rule;
	int (*run)(struct token_call *tc, struct err *err);
} checks[] = {
	{ NULL, open_access },
	{ REFUSAL_REQUEST, read_body },
	{ "metadata", check_namespace },
	{ NULL, check_binding },
	{ "metadata", check_name },
	{ "service account", load_account },
	{ "metadata", check_uid },
	{ "lifetime", check_lifetime },
	{ "bound object", load_bound },
	{ NULL, decide_access },
	{ "token size", check_size },
};

/* Everything up to the decision. */
static int decide(struct token_call *tc, struct err *err)
{
	/* What would be refused at the end costs least at the beginning: callers who do not
	 * wait when told to must not take the CPU that signs for others. */
	if (signer_check_room(tc->gw->signer, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		tc->rule = checks[i].rule ? checks[i].rule : access_rule(&tc->who);
		if (checks[i].run(tc, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the answers ---- */

/* What the request said of itself, and what is the server's to say. */
static json_t *answer_metadata(const struct token_call *tc)
{
	json_t *metadata =
		kube_metadata_copy(tc->metadata, kube_token_request_metadata, tc->http);
	json_auto_t *own =
		json_pack("{s:s, s:s, s:s, s:s}", "name", tc->name, "namespace", tc->namespace,
			"uid", tc->account.uid, "creationTimestamp", text_time(tc->now).s);

	(void)json_object_update(metadata, own); /* fails for memory only */
	return metadata;
}

static void warn(const struct token_call *tc)
{
	const int64_t granted_s = tc->decision.lifetime_s;

	kube_body_warn(&tc->body, tc->http);
	if (granted_s != tc->asked_s) {
		auto_free char *shortened =
			text_format("requested expiration of %" PRId64
				    " seconds shortened to %" PRId64 " seconds",
				tc->asked_s, granted_s);

		kube_reply_warning(tc->http, shortened, 0);
	}
}

static void reply_token(struct token_call *tc, const struct mint_token *token)
{
	warn(tc);
	kube_reply_json(tc->http, 201,
		json_pack("{s:s, s:s, s:o, s:{s:O, s:I, s:o}, s:{s:s, s:s}}", "kind",
			kube_token_request.kind, "apiVersion", KUBE_AUTHENTICATION_GROUP "/v1",
			"metadata", answer_metadata(tc), "spec", "audiences", tc->audiences,
			"expirationSeconds", (json_int_t)tc->decision.lifetime_s,
			"boundObjectRef", bound_object_json(&tc->bound), "status", "token",
			token->token, "expirationTimestamp", text_time(token->exp).s));
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

/* Suspends the call; if the signer cannot even be asked, it is answered here. */
static void ask_token(struct token_call *tc)
{
	auto_free char *agent = http_agent(tc->http);
	const struct signer_request request = {
		.deed = SIGNER_MINT,
		.mint = { .namespace = tc->namespace,
			.name = tc->name,
			.uid = tc->account.uid,
			.audiences = tc->audiences,
			.lifetime_s = tc->decision.lifetime_s,
			.bound = bound_object_claims(&tc->bound) },
		.rule = tc->decision.rule,
		.asked_s = tc->asked_s,
		.actor = tc->caller.name,
		.auth = tc->caller.how,
		.peer = tc->http->request.peer,
		.agent = agent,
		.request_id = http_id(tc->http),
	};
	struct signer_reply failed = { .id = 0 };

	http_suspend(tc->http);
	if (signer_ask(tc->gw->signer, &request, on_minted, tc, &failed.err) < 0)
		on_minted(tc, &failed);
}

static void refuse(struct token_call *tc, const char *subject, const struct err *why)
{
	const struct refusal refusal = {
		.deed = SIGNER_TOKEN_REFUSED,
		.caller = &tc->caller,
		.subject = subject,
		.rule = tc->rule,
		.audiences = tc->audiences,
		.bound = tc->bound.said,
		.asked_s = tc->asked_s,
		.object = &tc->object,
	};

	refusal_reply(tc->gw, tc->http, &refusal, why);
	token_call_free(tc);
}

/* A name that no service account can have is one that does not exist. */
static int check_names(const char *namespace, const char *name, struct err *err)
{
	struct err ignored = ERR_INIT;

	/* A slash in disguise is one to Kubernetes, and so the path another. */
	if (!strchr(name, '/') && kube_check_name(name, err) < 0)
		return -1;
	if (name_check_label("namespace", namespace, &ignored) == 0 &&
		name_check_subdomain("name", name, &ignored) == 0)
		return 0;
	return kube_refuse(err, KUBE_NOT_FOUND, "serviceaccounts \"%.253s\" not found", name);
}

/* There is no subject of that name, so the path stands for it in the record. */
static void refuse_names(struct token_call *tc, const char *name, const struct err *why)
{
	auto_free char *path = text_copy(tc->http->request.path);

	text_clean(path);
	tc->rule = "name";
	if (why->detail == KUBE_NOT_FOUND)
		tc->object = (struct kube_object){ .kind = "serviceaccounts", .name = name };
	refuse(tc, path, why);
}

void tokenrequest_serve(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock)
{
	struct token_call *tc = text_alloc(1, sizeof(*tc));
	const char *namespace = params[0];
	const char *name = params[1];
	char subject[NAME_SUBJECT_MAX];
	struct err err = ERR_INIT;

	tc->gw = gw;
	tc->http = call;
	tc->caller = *caller;
	tc->who = user_access(&tc->caller);
	tc->now = clock.now;
	if (check_names(namespace, name, &err) < 0) {
		refuse_names(tc, name, &err);
		return;
	}
	(void)text_fit(tc->namespace, sizeof(tc->namespace), namespace); /* checked: they fit */
	(void)text_fit(tc->name, sizeof(tc->name), name);
	name_subject(namespace, name, subject);
	if (decide(tc, &err) == 0)
		ask_token(tc);
	else
		refuse(tc, subject, &err);
}
