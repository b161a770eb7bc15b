/* route.c - see route.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "base/name.h"
#include "base/secret.h"
#include "base/text.h"
#include "issuer/api_index.h"
#include "issuer/authn.h"
#include "issuer/health.h"
#include "issuer/kube.h"
#include "issuer/public.h"
#include "issuer/refusal.h"
#include "issuer/reviews.h"
#include "issuer/route.h"
#include "issuer/stats.h"
#include "issuer/tokenrequest.h"

typedef void route_open_fn(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock);
typedef void route_caller_fn(const struct gateway *gw, struct http_call *call,
	struct user *caller, const char *const *params, struct clock_reading clock);

#define GROUP "/apis/authentication.k8s.io"

/* Public and API paths lie below the issuer's URL; those for operators at the root. */
static const struct route {
	uint32_t serves;
	enum stats_route counted;
	const char *methods;
	const char *pattern;
	route_open_fn *open;      /* for anybody; on the API only if no credential is wrong */
	route_caller_fn *caller;  /* for an authenticated caller */
	enum signer_deed refused; /* as which it is recorded if they ask as somebody else */
} routes[] = {
	{ CONF_SERVES_PUBLIC, STATS_DISCOVERY, "GET, HEAD", KEYRING_DISCOVERY_PATH,
		public_discovery, NULL, SIGNER_NOTHING },
	{ CONF_SERVES_PUBLIC, STATS_JWKS, "GET, HEAD", KEYRING_JWKS_PATH, public_jwks, NULL,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_TOKEN, "POST",
		"/api/v1/namespaces/{}/serviceaccounts/{}/token", NULL, tokenrequest_serve,
		SIGNER_TOKEN_REFUSED },
	{ CONF_SERVES_API, STATS_TOKEN_REVIEW, "POST", GROUP "/v1/tokenreviews", NULL,
		reviews_token_v1, SIGNER_REVIEW_REFUSED },
	{ CONF_SERVES_API, STATS_TOKEN_REVIEW, "POST", GROUP "/v1beta1/tokenreviews", NULL,
		reviews_token_v1beta1, SIGNER_REVIEW_REFUSED },
	{ CONF_SERVES_API, STATS_SELF_SUBJECT_REVIEW, "POST", GROUP "/v1/selfsubjectreviews",
		NULL, reviews_self, SIGNER_REVIEW_REFUSED },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", "/version", api_index_version, NULL,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", "/api", NULL, api_index_api,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", "/api/v1", NULL, api_index_core,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", "/apis", NULL, api_index_apis,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", GROUP, NULL, api_index_group,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", GROUP "/v1", NULL, api_index_group_v1,
		SIGNER_NOTHING },
	{ CONF_SERVES_API, STATS_API_INDEX, "GET", GROUP "/v1beta1", NULL,
		api_index_group_v1beta1, SIGNER_NOTHING },
	{ CONF_SERVES_OPS, STATS_HEALTH, "GET, HEAD", "/livez", health_livez, NULL,
		SIGNER_NOTHING },
	{ CONF_SERVES_OPS, STATS_HEALTH, "GET, HEAD", "/readyz", health_readyz, NULL,
		SIGNER_NOTHING },
	{ CONF_SERVES_OPS, STATS_METRICS, "GET, HEAD", "/metrics", stats_serve, NULL,
		SIGNER_NOTHING },
};

/* The end of the segment that starts at the slash `s`. */
static char *segment_end(char *s)
{
	return s + 1 + strcspn(s + 1, "/");
}

bool route_match(const char *pattern, const char *path, char *buffer,
	const char *params[ROUTE_PARAMS_MAX])
{
	char *found[ROUTE_PARAMS_MAX];
	char *rest = buffer;
	size_t count = 0;

	if (!text_fit(buffer, ROUTE_PATH_MAX, path))
		return false;
	while (*pattern != '\0') {
		const size_t len = strcspn(pattern + 1, "/") + 1;
		const bool is_param = len == 3 && strncmp(pattern, "/{}", 3) == 0;
		char *end = *rest == '/' ? segment_end(rest) : rest;
		const size_t got = (size_t)(end - rest);

		if (is_param ? got < 2 || count == ROUTE_PARAMS_MAX
			     : got != len || strncmp(rest, pattern, len) != 0)
			return false;
		if (is_param)
			found[count++] = rest + 1;
		rest = end;
		pattern += len;
	}
	/* kube-apiserver takes one trailing slash. */
	if (*rest != '\0' && strcmp(rest, "/") != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		found[i][strcspn(found[i], "/")] = '\0';
		if (!http_unescape(found[i]))
			return false;
		params[i] = found[i];
	}
	return true;
}

/* The path below the issuer's URL, or NULL if it lies elsewhere. */
static const char *below_issuer(const struct gateway *gw, const char *path)
{
	const size_t len = strlen(gw->path_prefix);

	assert(path);
	return strncmp(path, gw->path_prefix, len) == 0 ? path + len : NULL;
}

static const struct route *find(const struct route_listener *listener, const char *path,
	char *buffer, const char *params[ROUTE_PARAMS_MAX])
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		const char *rest = route->serves == CONF_SERVES_OPS
			? path
			: below_issuer(listener->gw, path);

		if ((listener->serves & route->serves) && rest &&
			route_match(route->pattern, rest, buffer, params))
			return route;
	}
	return NULL;
}

static bool is_allowed(const char *methods, const char *method)
{
	const size_t len = strlen(method);

	for (const char *p = methods; *p != '\0'; p += strspn(p, ", ")) {
		const size_t one = strcspn(p, ",");

		if (one == len && strncmp(p, method, len) == 0)
			return true;
		p += one;
	}
	return false;
}

static void refuse_method(struct http_call *call, const struct route *route)
{
	struct err err = ERR_INIT;

	(void)kube_refuse(&err, KUBE_METHOD_NOT_ALLOWED,
		"the server does not allow this method on the requested resource");
	http_reply_header(call, "Allow", route->methods);
	kube_reply_error(call, &err, &(struct kube_object){ .kind = NULL });
}

/* Nobody acts as somebody else here; whoever asks to means to have fewer rights, and would have
 * all of them. */
static int check_impersonation(struct http_call *call, const struct user *caller,
	struct err *err)
{
	if (!http_has_header_like(call, "Impersonate-"))
		return 0;
	return kube_refuse(err, KUBE_FORBIDDEN,
		"User \"%s\" cannot impersonate: there is no impersonation here", caller->name);
}

static void refuse_impersonation(const struct gateway *gw, struct http_call *call,
	const struct route *route, const struct user *caller, const struct err *why)
{
	static const struct kube_object nothing = { .kind = NULL };
	auto_free char *path = text_copy(call->request.path);
	const struct refusal refusal = {
		.deed = route->refused,
		.caller = caller,
		.subject = path,
		.rule = "impersonation",
		.object = &nothing,
	};

	text_clean(path);
	if (route->refused != SIGNER_NOTHING)
		refusal_reply(gw, call, &refusal, why);
	else
		kube_reply_error(call, why, &nothing);
}

static void reply_unauthorized(struct http_call *call, const struct err *err)
{
	if (err->detail == KUBE_UNAUTHORIZED)
		http_reply_header(call, "WWW-Authenticate", "Bearer");
	kube_reply_error(call, err, NULL);
}

/* Who they are comes before everything else: a stranger learns nothing of what would be wrong.
 */
static void serve_caller(const struct route_listener *listener, struct http_call *call,
	const struct route *route, const char *const *params, struct clock_reading clock)
{
	struct user caller;
	struct err err = ERR_INIT;

	if (authn_caller(listener->gw, listener->trust, call, clock, &caller, &err) < 0) {
		reply_unauthorized(call, &err);
		return;
	}
	if (!is_allowed(route->methods, call->request.method)) {
		refuse_method(call, route);
	} else if (check_impersonation(call, &caller, &err) < 0) {
		refuse_impersonation(listener->gw, call, route, &caller, &err);
	} else {
		route->caller(listener->gw, call, &caller, params, clock);
		return;
	}
	user_free(&caller);
}

/* A credential that is shown where none is needed has to be good. */
static bool is_welcome(const struct route_listener *listener, struct http_call *call,
	struct clock_reading clock)
{
	struct user caller;
	struct err err = ERR_INIT;

	if (!authn_is_tried(listener->trust, call))
		return true;
	if (authn_caller(listener->gw, listener->trust, call, clock, &caller, &err) < 0) {
		reply_unauthorized(call, &err);
		return false;
	}
	user_free(&caller);
	return true;
}

/* Kubernetes names each request, or lets the client do it. */
static void name_request(struct http_call *call)
{
	const char *given = http_header(call, "Audit-Id", NULL);
	struct err ignored = ERR_INIT;

	_Static_assert(SECRET_UUID_LEN <= HTTP_ID_MAX, "a UUID fits");
	if (given && name_check_user("id", given, &ignored) == 0 &&
		text_fit(call->id, sizeof(call->id), given)) {
		http_reply_header(call, "Audit-Id", call->id);
		return;
	}
	ignored = (struct err)ERR_INIT;
	if (secret_uuid(call->id, &ignored) == 0)
		http_reply_header(call, "Audit-Id", call->id);
}

static void refuse_fault(struct http_call *call)
{
	struct err err = ERR_INIT;

	if (call->request.fault == 431)
		(void)kube_refuse(&err, KUBE_HEADERS_TOO_LARGE,
			"the request's headers are too large");
	else
		(void)kube_refuse(&err, KUBE_BAD_REQUEST,
			"the request's head is malformed, or contradicts itself");
	kube_reply_error(call, &err, NULL);
}

void route_handle(struct http_call *call)
{
	const struct route_listener *listener = call->handler_ctx;
	const char *params[ROUTE_PARAMS_MAX] = { NULL };
	char buffer[ROUTE_PATH_MAX];
	const struct clock_reading clock = clock_read();
	const struct route *route = find(listener, call->request.path, buffer, params);
	const bool is_api = route ? route->serves == CONF_SERVES_API
				  : (listener->serves & CONF_SERVES_API) != 0;
	struct err err = ERR_INIT;

	call->route = route ? (int)route->counted : STATS_OTHER;
	if (is_api && call->request.fault == 0) {
		kube_take_pretty(call);
		name_request(call);
	}
	if (call->request.fault != 0) {
		refuse_fault(call);
	} else if (route && route->caller) {
		serve_caller(listener, call, route, params, clock);
	} else if (is_api && !is_welcome(listener, call, clock)) {
		return;
	} else if (!route) {
		(void)kube_refuse(&err, KUBE_NOT_FOUND,
			"the server could not find the requested resource");
		kube_reply_error(call, &err, &(struct kube_object){ .kind = NULL });
	} else if (!is_allowed(route->methods, call->request.method)) {
		refuse_method(call, route);
	} else {
		route->open(listener->gw, call, clock);
	}
}

void route_done(struct http_call *call, int64_t duration_us)
{
	const struct route_listener *listener = call->handler_ctx;

	stats_count(listener->gw->stats, (enum stats_route)call->route, call, duration_us);
}
