/* reviews.c - see reviews.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "issuer/reviews.h"
#include "access/access.h"
#include "base/text.h"
#include "issuer/authn.h"
#include "issuer/bearer.h"
#include "issuer/kube.h"
#include "issuer/kube_body.h"
#include "issuer/kube_metadata.h"
#include "issuer/refusal.h"

#define TOKEN_REVIEWS "tokenreviews"

/* Unless it is said otherwise, the request itself is at fault. */
static struct refusal of_review(const struct user *caller, const char *resource)
{
	static const struct kube_object nothing = { .kind = NULL };

	return (struct refusal){
		.deed = SIGNER_REVIEW_REFUSED,
		.caller = caller,
		.subject = resource,
		.rule = REFUSAL_REQUEST,
		.object = &nothing,
	};
}

/* ---- TokenReview ---- */

/* What an Authorization header would make of the token; NULL if there would be none in it. */
static char *token_of(const json_t *spec)
{
	auto_free char *header = text_format("Bearer %s", fields_string(spec, "token"));
	const char *token;
	size_t len;

	return authn_bearer(header, &token, &len) ? text_format("%.*s", (int)len, token) : NULL;
}

/* status, and 0; or -1 if we cannot tell. What is wrong with a token is no error of ours.
 * `spec` has one. */
static int judge(const struct gateway *gw, const json_t *spec, struct clock_reading clock,
	json_t **ret, struct err *err)
{
	const json_t *asked = json_object_get(spec, "audiences");
	auto_free char *token = token_of(spec);
	auto_user struct user user = { .name = "" };
	json_t *audiences = NULL;
	struct err why = ERR_INIT;

	if (!token) {
		*ret = json_pack("{s:{}}", "user"); /* nobody, and nothing wrong with it */
		return 0;
	}
	if (bearer_user(gw, token, json_array_size(asked) > 0 ? asked : gw->api_audiences,
		    clock, &user, &audiences, &why) == 0) {
		*ret = json_pack("{s:b, s:o, s:o}", "authenticated", true, "user",
			user_json(&user), "audiences", audiences);
		return 0;
	}
	if (why.code != ERR_REFUSED && why.code != ERR_BAD_INPUT) {
		*err = why;
		return -1;
	}
	*ret = json_pack("{s:{}, s:o}", "user", "error",
		json_sprintf("[invalid bearer token, %s]", why.text));
	return 0;
}

static json_t *answer(const struct kube_body *body, const char *version, json_t *status,
	struct http_call *call)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", kube_token_review.kind,
		"apiVersion", json_sprintf("%s/%s", KUBE_AUTHENTICATION_GROUP, version),
		"metadata",
		kube_metadata_copy(fields_object(body->root, "metadata"),
			kube_token_review_metadata, call),
		"spec", fields_copy(fields_object(body->root, "spec"), kube_token_review_spec),
		"status", status);
}

static int check_token(const struct kube_body *body, struct err *err)
{
	const json_t *token = json_object_get(fields_object(body->root, "spec"), "token");

	return json_string_length(token) > 0
		? 0
		: kube_refuse(err, KUBE_BAD_REQUEST,
			  "token is required for TokenReview in authentication");
}

static int check_rights(const struct gateway *gw, const struct user *caller,
	struct refusal *refusal, struct err *err)
{
	static const struct kube_object reviews = { KUBE_AUTHENTICATION_GROUP, TOKEN_REVIEWS,
		NULL };
	const struct access_user who = user_access(caller);

	if (access_review(gw->store, gw->issuer->name, &who, err) == 0)
		return 0;
	refusal->object = &reviews;
	refusal->rule = access_rule(&who);
	if (err->code == ERR_REFUSED)
		err->detail = KUBE_FORBIDDEN;
	return -1;
}

static int review(const struct gateway *gw, struct http_call *call, const struct user *caller,
	const char *version, struct clock_reading clock, struct refusal *refusal,
	struct err *err)
{
	auto_kube_body struct kube_body body = { .root = NULL };
	json_t *status;

	if (check_rights(gw, caller, refusal, err) < 0 ||
		kube_body_read(call, &kube_token_review, version, gw->conf->limits.body_bytes,
			&body, err) < 0 ||
		check_token(&body, err) < 0 ||
		judge(gw, fields_object(body.root, "spec"), clock, &status, err) < 0)
		return -1;
	call->is_rejected = !json_is_true(json_object_get(status, "authenticated"));
	kube_body_warn(&body, call);
	kube_reply_json(call, 201, answer(&body, version, status, call));
	return 0;
}

static void serve_review(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *version, struct clock_reading clock)
{
	auto_user struct user owned = *caller;
	struct refusal refusal = of_review(&owned, TOKEN_REVIEWS);
	struct err err = ERR_INIT;

	if (review(gw, call, &owned, version, clock, &refusal, &err) < 0)
		refusal_reply(gw, call, &refusal, &err);
}

void reviews_token_v1(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock)
{
	(void)params;
	serve_review(gw, call, caller, "v1", clock);
}

void reviews_token_v1beta1(const struct gateway *gw, struct http_call *call,
	struct user *caller, const char *const *params, struct clock_reading clock)
{
	(void)params;
	serve_review(gw, call, caller, "v1beta1", clock);
}

/* ---- SelfSubjectReview ---- */

static int review_self(const struct gateway *gw, struct http_call *call,
	const struct user *caller, unix_time now, struct err *err)
{
	auto_kube_body struct kube_body body = { .root = NULL };

	if (kube_body_read(call, &kube_self_subject_review, "v1", gw->conf->limits.body_bytes,
		    &body, err) < 0)
		return -1;
	kube_body_warn(&body, call);
	kube_reply_json(call, 201,
		json_pack("{s:s, s:s, s:{s:s}, s:{s:o}}", "kind", kube_self_subject_review.kind,
			"apiVersion", KUBE_AUTHENTICATION_GROUP "/v1", "metadata",
			"creationTimestamp", text_time(now).s, "status", "userInfo",
			user_json(caller)));
	return 0;
}

void reviews_self(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock)
{
	auto_user struct user owned = *caller;
	const struct refusal refusal = of_review(&owned, "selfsubjectreviews");
	struct err err = ERR_INIT;

	(void)params;
	if (review_self(gw, call, &owned, clock.now, &err) < 0)
		refusal_reply(gw, call, &refusal, &err);
}
