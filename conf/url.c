/* url.c - see url.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <string.h>

#include "base/auto.h"
#include "base/name.h"
#include "base/text.h"
#include "conf/url.h"

#define SCHEME  "https://"
#define EXAMPLE "https://oidc.example.org"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

static int check_form(const char *url, struct err *err)
{
	const size_t len = strlen(url);

	if (len > URL_ISSUER_MAX)
		return err_set(err, ERR_BAD_INPUT,
			"the URL has %zu characters; at most %d are allowed", len,
			URL_ISSUER_MAX);
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return err_set(err, ERR_BAD_INPUT,
				"the URL holds a blank or a character that is not ASCII; write "
				"a host name in its xn-- form");
	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return err_set(err, ERR_BAD_INPUT,
			"'%s' is not an https URL; write one like " EXAMPLE, url);
	if (strchr(url, '?'))
		return err_set(err, ERR_BAD_INPUT,
			"'%s' has a query; remove it from the '?' on", url);
	if (strchr(url, '#'))
		return err_set(err, ERR_BAD_INPUT,
			"'%s' has a fragment; remove it from the '#' on", url);
	if (url[len - 1] == '/' && len > strlen(SCHEME))
		return err_set(err, ERR_BAD_INPUT, "'%s' ends with a slash; remove it", url);
	return 0;
}

static int check_host(const char *host, struct err *err)
{
	struct err why = ERR_INIT;

	if (*host == '\0')
		return err_set(err, ERR_BAD_INPUT,
			"the URL has no host; write one like " EXAMPLE);
	if (strpbrk(host, UPPER))
		return err_set(err, ERR_BAD_INPUT,
			"the host '%s' has capital letters, which some verifiers change; write "
			"it in lower case",
			host);
	if (name_check_subdomain("host", host, &why) < 0)
		return err_set(err, ERR_BAD_INPUT, "%s", why.text);
	return 0;
}

/* "[v6]", already without what follows it. */
static int check_v6(const char *host, struct err *err)
{
	const size_t len = strlen(host);
	char bare[INET6_ADDRSTRLEN];
	struct in6_addr v6;

	if (len < 2 || len - 2 >= sizeof(bare) || host[len - 1] != ']')
		return err_set(err, ERR_BAD_INPUT,
			"'%s' is not an IPv6 address; write one like [2001:db8::1]", host);
	memcpy(bare, host + 1, len - 2);
	bare[len - 2] = '\0';
	if (strpbrk(bare, UPPER) || inet_pton(AF_INET6, bare, &v6) != 1)
		return err_set(err, ERR_BAD_INPUT,
			"'%s' is not an IPv6 address; write one like [2001:db8::1]", host);
	return 0;
}

static int check_port(const char *port, struct err *err)
{
	int64_t n;
	struct err why = ERR_INIT;

	if (*port == '0' || strspn(port, DIGIT) != strlen(port) ||
		text_int(port, 1, UINT16_MAX, &n, &why) < 0)
		return err_set(err, ERR_BAD_INPUT,
			"'%s' is not a port; write 1 to 65535, or leave the ':' out", port);
	return 0;
}

/* What lies between "https://" and the path; `authority` is the caller's copy to cut up. */
static int check_authority(char *authority, struct err *err)
{
	char *colon = strrchr(authority, ':');
	const char *bracket = strrchr(authority, ']');

	if (strchr(authority, '@'))
		return err_set(err, ERR_BAD_INPUT,
			"the URL has a user name; remove it up to the '@'");
	if (colon && (!bracket || bracket < colon)) {
		*colon = '\0';
		if (check_port(colon + 1, err) < 0)
			return -1;
	}
	return *authority == '[' ? check_v6(authority, err) : check_host(authority, err);
}

/* One path segment of `len` characters. */
static int check_segment(const char *s, size_t len, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_BAD_INPUT,
			"the path has an empty segment; write single slashes");
	if ((len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.'))
		return err_set(err, ERR_BAD_INPUT,
			"the path has a '.' or '..' segment; write the path it leads to");
	if (strspn(s, UPPER LOWER DIGIT "-._~") < len)
		return err_set(err, ERR_BAD_INPUT,
			"the path segment '%.*s' is not plain; use letters, digits, '-', '.', "
			"'_' and '~'",
			(int)len, s);
	return 0;
}

static int check_path(const char *path, struct err *err)
{
	while (*path == '/') {
		const size_t len = strcspn(++path, "/");

		if (check_segment(path, len, err) < 0)
			return -1;
		path += len;
	}
	return 0;
}

int url_check_issuer(const char *url, struct err *err)
{
	auto_free char *authority = NULL;
	size_t len;

	if (check_form(url, err) < 0)
		return -1;
	url += strlen(SCHEME);
	len = strcspn(url, "/");
	authority = text_copy(url);
	authority[len] = '\0';
	if (check_authority(authority, err) < 0)
		return -1;
	return check_path(url + len, err);
}
