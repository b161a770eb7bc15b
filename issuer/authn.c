/* authn.c - see authn.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "issuer/authn.h"
#include "issuer/bearer.h"
#include "issuer/certificate.h"
#include "issuer/kube.h"

/* Bytes of a text, borrowed. */
struct span {
	const char *start;
	size_t len;
};

static struct span without_blanks(struct span s)
{
	static const char blanks[] = " \t\r\n\v\f";

	while (s.len > 0 && memchr(blanks, s.start[s.len - 1], sizeof(blanks) - 1))
		s.len--;
	while (s.len > 0 && memchr(blanks, *s.start, sizeof(blanks) - 1)) {
		s.start++;
		s.len--;
	}
	return s;
}

/* As kube-apiserver splits it: "Bearer", one blank, the token up to the next blank. Line ends
 * around that come from a file; its JWT library takes them off, too. */
bool authn_bearer(const char *header, const char **ret, size_t *ret_len)
{
	static const char scheme[] = "Bearer ";
	const size_t scheme_len = sizeof(scheme) - 1;
	const struct span value = without_blanks((struct span){ header, strlen(header) });
	struct span token;
	const char *blank;

	if (value.len <= scheme_len || strncasecmp(value.start, scheme, scheme_len) != 0)
		return false;
	token = (struct span){ value.start + scheme_len, value.len - scheme_len };
	blank = memchr(token.start, ' ', token.len);
	if (blank)
		token.len = (size_t)(blank - token.start);
	token = without_blanks(token);
	*ret = token.start;
	*ret_len = token.len;
	return token.len > 0;
}

/* What one credential says: nothing, a user, or that it is no good. */
enum finding { NOTHING, FOUND, FAILED };

struct attempt {
	const struct gateway *gw;
	struct certificate_trust *trust;
	struct http_call *call;
	struct clock_reading clock;
};

typedef enum finding try_fn(const struct attempt *a, struct user *ret, struct err *err);

static enum finding try_bearer(const struct attempt *a, struct user *ret, struct err *err)
{
	json_auto_t *audiences = NULL;
	auto_free char *token = NULL;
	const char *bearer;
	size_t count, len;
	const char *header = http_header(a->call, "Authorization", &count);

	if (count == 0)
		return NOTHING;
	if (count > 1) {
		(void)err_set(err, ERR_REFUSED, "more than one Authorization header");
		return FAILED;
	}
	if (!authn_bearer(header, &bearer, &len)) {
		(void)err_set(err, ERR_REFUSED, "not a bearer credential");
		return FAILED;
	}
	token = strndup(bearer, len);
	if (!token)
		abort();
	return bearer_user(a->gw, token, a->gw->api_audiences, a->clock, ret, &audiences, err) <
			0
		? FAILED
		: FOUND;
}

/* A certificate needs no client here; but one that is here, and revoked, is revoked. */
static enum finding judge_client(const struct attempt *a, struct user *user, struct err *err)
{
	auto_store_client struct store_client client = { .group_count = 0 };
	auto_user struct user known = { .name = "" };

	if (store_client_get(a->gw->store, a->gw->issuer->name, user->name, &client, err) < 0) {
		if (err->code != ERR_NOT_FOUND)
			return FAILED;
		*err = (struct err)ERR_INIT;
	} else if (bearer_client_user(&client, user->how, a->clock.now, &known, err) < 0) {
		return FAILED;
	} else if (strcmp(client.kind, "certificate") == 0) {
		for (size_t i = 0; i < client.group_count; i++)
			user_add_group(user, client.groups[i]);
	}
	user_add_group(user, USER_AUTHENTICATED);
	return FOUND;
}

static enum finding try_certificate(const struct attempt *a, struct user *ret, struct err *err)
{
	struct http_blob chain[HTTP_CERTIFICATES_MAX];
	const size_t count = a->trust ? http_certificates(a->call, chain) : 0;

	if (count == 0)
		return NOTHING;
	if (certificate_user(a->trust, chain, count, a->clock.now, ret, err) < 0)
		return FAILED;
	if (judge_client(a, ret, err) == FOUND)
		return FOUND;
	user_free(ret);
	return FAILED;
}

/* A uid that nobody has given a name is no credential. */
static enum finding try_socket(const struct attempt *a, struct user *ret, struct err *err)
{
	auto_store_client struct store_client client = { .group_count = 0 };
	const int64_t uid = http_unix_uid(a->call);

	if (uid < 0)
		return NOTHING;
	if (store_client_by_unix_uid(a->gw->store, a->gw->issuer->name, uid, &client, err) <
		0) {
		if (err->code != ERR_NOT_FOUND)
			return FAILED;
		*err = (struct err)ERR_INIT;
		return NOTHING;
	}
	return bearer_client_user(&client, "unix socket", a->clock.now, ret, err) < 0 ? FAILED
										      : FOUND;
}

/* The most particular comes first: it is the one that is used, and the others must agree. */
static try_fn *const attempts[] = { try_bearer, try_certificate, try_socket };

static int unauthorized(const struct http_call *call, const char *why, struct err *err)
{
	log_event(LOG_WARN, "request.unauthorized", "id", http_id(call), "peer",
		call->request.peer, "path", call->request.path, "reason", why, NULL);
	return kube_refuse(err, KUBE_UNAUTHORIZED, "Unauthorized");
}

/* Adds what one credential says to what is known. */
static int add_finding(const struct attempt *a, try_fn *attempt, struct user *user,
	struct err *err)
{
	auto_user struct user found = { .name = "" };
	struct err why = ERR_INIT;

	switch (attempt(a, &found, &why)) {
	case NOTHING:
		return 0;
	case FAILED:
		if (why.code == ERR_REFUSED)
			return unauthorized(a->call, why.text, err);
		*err = why;
		return -1;
	case FOUND:
		break;
	}
	if (user->name[0] != '\0')
		return strcmp(user->name, found.name) == 0
			? 0
			: unauthorized(a->call, "two credentials that disagree", err);
	*user = found;
	found = (struct user){ .name = "" };
	return 0;
}

int authn_caller(const struct gateway *gw, struct certificate_trust *trust,
	struct http_call *call, struct clock_reading clock, struct user *ret, struct err *err)
{
	const struct attempt attempt = { gw, trust, call, clock };
	auto_user struct user user = { .name = "" };

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (add_finding(&attempt, attempts[i], &user, err) < 0)
			return -1;
	if (user.name[0] == '\0')
		return unauthorized(call, "no credential", err);
	*ret = user;
	user = (struct user){ .name = "" };
	return 0;
}

bool authn_is_tried(struct certificate_trust *trust, struct http_call *call)
{
	struct http_blob chain[HTTP_CERTIFICATES_MAX];

	return http_header(call, "Authorization", NULL) ||
		(trust && http_certificates(call, chain) > 0);
}
