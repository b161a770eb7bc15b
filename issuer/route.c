/* route.c - see route.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "issuer/authn.h"
#include "issuer/health.h"
#include "issuer/kube.h"
#include "issuer/public.h"
#include "issuer/route.h"
#include "issuer/tokenrequest.h"

typedef void route_open_fn(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock);
typedef void route_caller_fn(const struct gateway *gw, struct http_call *call,
	struct caller *caller, const char *param0, const char *param1, unix_time now);

/* Public and API paths lie below the issuer's URL; those for operators at the root. */
static const struct route {
	uint32_t serves;
	const char *methods;
	const char *pattern;
	route_open_fn *open;     /* for anybody */
	route_caller_fn *caller; /* for an authenticated caller */
} routes[] = {
	{ CONF_SERVES_PUBLIC, "GET, HEAD", KEYRING_DISCOVERY_PATH, public_discovery, NULL },
	{ CONF_SERVES_PUBLIC, "GET, HEAD", KEYRING_JWKS_PATH, public_jwks, NULL },
	{ CONF_SERVES_API, "POST", "/api/v1/namespaces/{}/serviceaccounts/{}/token", NULL,
		tokenrequest_serve },
	{ CONF_SERVES_OPS, "GET, HEAD", "/livez", health_livez, NULL },
	{ CONF_SERVES_OPS, "GET, HEAD", "/readyz", health_readyz, NULL },
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

/* Who they are comes before everything else: a stranger learns nothing of what would be wrong.
 */
static void serve_caller(const struct gateway *gw, struct http_call *call,
	const struct route *route, const char *const *params, unix_time now)
{
	struct caller caller;
	struct err err = ERR_INIT;

	if (authn_caller(gw, call, now, &caller, &err) < 0) {
		if (err.detail == KUBE_UNAUTHORIZED)
			http_reply_header(call, "WWW-Authenticate", "Bearer");
		kube_reply_error(call, &err, NULL);
		return;
	}
	if (!is_allowed(route->methods, call->request.method)) {
		refuse_method(call, route);
		caller_free(&caller);
		return;
	}
	route->caller(gw, call, &caller, params[0], params[1], now);
}

static void refuse_fault(struct http_call *call)
{
	struct err err = ERR_INIT;

	if (call->request.fault == 431)
		(void)kube_refuse(&err, KUBE_HEADERS_TOO_LARGE,
			"the request's headers are too large");
	else
		(void)kube_refuse(&err, KUBE_BAD_REQUEST,
			"the request's headers contradict themselves");
	kube_reply_error(call, &err, NULL);
}

void route_handle(struct http_call *call)
{
	const struct route_listener *listener = call->handler_ctx;
	const char *params[ROUTE_PARAMS_MAX] = { NULL };
	char buffer[ROUTE_PATH_MAX];
	const struct clock_reading clock = clock_read();
	const struct route *route = find(listener, call->request.path, buffer, params);
	struct err err = ERR_INIT;

	if (call->request.fault != 0) {
		refuse_fault(call);
	} else if (!route) {
		(void)kube_refuse(&err, KUBE_NOT_FOUND,
			"the server could not find the requested resource");
		kube_reply_error(call, &err, &(struct kube_object){ .kind = NULL });
	} else if (route->caller) {
		serve_caller(listener->gw, call, route, params, clock.now);
	} else if (!is_allowed(route->methods, call->request.method)) {
		refuse_method(call, route);
	} else {
		route->open(listener->gw, call, clock);
	}
}
