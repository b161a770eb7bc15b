/* name.c - see name.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"

#define LOWER_DIGIT "abcdefghijklmnopqrstuvwxyz0123456789"

static int check_chars(const char *what, const char *s, size_t max, const char *allowed,
	struct err *err)
{
	const size_t len = strlen(s);

	if (len == 0)
		return err_set(err, ERR_BAD_INPUT, "the %s is empty", what);
	if (len > max)
		return err_set(err, ERR_BAD_INPUT,
			"the %s is %zu characters long; at most %zu are allowed", what, len,
			max);
	if (strspn(s, allowed) != len)
		return err_set(err, ERR_BAD_INPUT,
			"%s '%.80s' is not allowed; use lower-case letters, digits%s", what, s,
			strchr(allowed, '.') ? ", '-' and '.'" : " and '-'");
	return 0;
}

static bool is_edge(char c)
{
	return c != '\0' && strchr(LOWER_DIGIT, c) != NULL;
}

/* Dot-separated parts that start and end with a letter or digit. */
static bool parts_are_sound(const char *s)
{
	char before = '.';

	for (; *s != '\0'; before = *s++) {
		if ((before == '.' && !is_edge(*s)) || (*s == '.' && !is_edge(before)))
			return false;
	}
	return is_edge(before);
}

static int check_name(const char *what, const char *s, size_t max, const char *allowed,
	struct err *err)
{
	if (check_chars(what, s, max, allowed, err) < 0)
		return -1;
	if (!parts_are_sound(s))
		return err_set(err, ERR_BAD_INPUT,
			"%s '%s' must start and end with a lower-case letter or digit", what,
			s);
	return 0;
}

int name_check_label(const char *what, const char *s, struct err *err)
{
	return check_name(what, s, NAME_LABEL_MAX, LOWER_DIGIT "-", err);
}

int name_check_subdomain(const char *what, const char *s, struct err *err)
{
	return check_name(what, s, NAME_SUBDOMAIN_MAX, LOWER_DIGIT "-.", err);
}

static int check_printable(const char *what, const char *s, size_t max, struct err *err)
{
	const size_t len = strlen(s);

	if (len == 0 || len > max)
		return err_set(err, ERR_BAD_INPUT, "the %s must have 1 to %zu characters", what,
			max);
	for (const char *c = s; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return err_set(err, ERR_BAD_INPUT,
				"the %s may hold printable ASCII without blanks only", what);
	return 0;
}

int name_check_uid(const char *what, const char *s, struct err *err)
{
	static const char allowed[] = LOWER_DIGIT "ABCDEFGHIJKLMNOPQRSTUVWXYZ-";
	const size_t len = strlen(s);

	if (len == 0 || len > NAME_UID_MAX || strspn(s, allowed) != len)
		return err_set(err, ERR_BAD_INPUT,
			"the %s must have 1 to %d letters, digits and dashes", what,
			NAME_UID_MAX);
	return 0;
}

int name_check_user(const char *what, const char *s, struct err *err)
{
	return check_printable(what, s, NAME_USER_MAX, err);
}

int name_check_audience(const char *what, const char *s, struct err *err)
{
	return check_printable(what, s, NAME_AUDIENCE_MAX, err);
}

void name_subject(const char *namespace, const char *name, char ret[NAME_SUBJECT_MAX])
{
	(void)snprintf(ret, NAME_SUBJECT_MAX, NAME_SUBJECT_PREFIX "%s:%s", namespace, name);
}

int name_check_pattern(const char *what, const char *s, struct err *err)
{
	return check_chars(what, s, NAME_SUBDOMAIN_MAX, LOWER_DIGIT "-.*", err);
}

bool name_matches(const char *pattern, const char *s)
{
	/* Patterns hold no '?', '[' or '\', so '*' is all that fnmatch can find in them. */
	return fnmatch(pattern, s, FNM_NOESCAPE) == 0;
}

/* One half of NAMESPACE/NAME. */
static int check_half(bool pattern, bool is_namespace, const char *s, struct err *err)
{
	const char *what = is_namespace ? "namespace" : "name";

	if (pattern)
		return name_check_pattern(what, s, err);
	return is_namespace ? name_check_label(what, s, err)
			    : name_check_subdomain(what, s, err);
}

int name_split(const char *s, bool patterns, char *ret_namespace, char *ret_name,
	struct err *err)
{
	const char *slash = strchr(s, '/');
	char namespace[NAME_LABEL_MAX + 1] = "";

	if (!slash || strchr(slash + 1, '/'))
		return err_set(err, ERR_BAD_INPUT, "'%.80s' is not of the form NAMESPACE/NAME",
			s);
	if (slash - s > NAME_LABEL_MAX)
		return err_set(err, ERR_BAD_INPUT, "the namespace of '%.80s' is longer than %d",
			s, NAME_LABEL_MAX);
	memcpy(namespace, s, (size_t)(slash - s));
	if (check_half(patterns, true, namespace, err) < 0 ||
		check_half(patterns, false, slash + 1, err) < 0)
		return -1;
	memcpy(ret_namespace, namespace, sizeof(namespace));
	memcpy(ret_name, slash + 1, strlen(slash + 1) + 1);
	return 0;
}
