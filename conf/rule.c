/* rule.c - see rule.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"
#include "conf/rule.h"

/* The longest path of a Unix socket; the kernel wants room for a NUL behind it. */
#define SOCKET_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

void rule_default(char **value, const char *fallback)
{
	if (!*value)
		*value = text_copy(fallback);
}

int rule_duration(const struct yaml *yaml, const char *path, int64_t min_s, int64_t max_s,
	const char *fallback, struct conf_duration *value, struct err *err)
{
	struct err why = ERR_INIT;

	rule_default(&value->text, fallback);
	if (text_duration(value->text, min_s, max_s, &value->s, &why) < 0)
		return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
	return 0;
}

int rule_word(const struct yaml *yaml, const char *path, const char *given,
	const struct words *words, struct err *err)
{
	auto_text struct text hint = TEXT_INIT;

	if (words_hold(words, given))
		return 0;
	words_hint(words, given, &hint);
	return yaml_refuse(yaml, path, err, "unknown word '%s' in %s; %s", given, path, hint.s);
}

int rule_log(const struct yaml *yaml, const char *level, const char *format, struct err *err)
{
	static const struct words levels = { { "debug", "info", "warn", "error" }, 4 };
	static const struct words formats = { { "logfmt", "json" }, 2 };

	if (rule_word(yaml, "log_level", level, &levels, err) < 0)
		return -1;
	return rule_word(yaml, "log_format", format, &formats, err);
}

int rule_path(const struct yaml *yaml, const char *path, const char *value, struct err *err)
{
	for (const char *c = value; c && *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return yaml_refuse(yaml, path, err,
				"%s holds a line break or another control character; rename "
				"the file",
				path);
	return 0;
}

int rule_socket(const struct yaml *yaml, const char *path, const char *value, struct err *err)
{
	const size_t len = strlen(value);

	if (len > SOCKET_MAX)
		return yaml_refuse(yaml, path, err,
			"%s '%s' has %zu bytes, at most %zu are allowed; choose a shorter path",
			path, value, len, SOCKET_MAX);
	return rule_path(yaml, path, value, err);
}

bool rule_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

int rule_directory_of(const char *name, char **ret, struct err *err)
{
	auto_free char *copy = text_copy(name);
	auto_free char *cwd = NULL;
	const char *dir = dirname(copy);

	if (*dir == '/') {
		*ret = text_copy(dir);
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_errno(err, ERR_FAILED, "could not find out the working directory");
	*ret = strcmp(dir, ".") == 0 ? take(cwd) : text_format("%s/%s", cwd, dir);
	return 0;
}

int rule_make_absolute(const struct yaml *yaml, const char *path, const char *dir, char **value,
	struct err *err)
{
	char *absolute;

	if (!*value || **value == '/')
		return 0;
	absolute = text_format("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, *value);
	free(*value);
	*value = absolute;
	if (strlen(absolute) >= PATH_MAX)
		return yaml_refuse(yaml, path, err,
			"%s is too long together with its directory; choose a path below %d "
			"bytes",
			path, PATH_MAX);
	return 0;
}
