/* err.c - see err.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static void err_begin(struct err *err, enum err_code code)
{
	err->code = code;
	err->detail = 0;
	err->field = NULL;
}

/* Texts quote what strangers sent, and may be cut within a character. */
static void err_take(struct err *err, char text[ERR_TEXT_MAX])
{
	text_clean(text);
	memcpy(err->text, text, ERR_TEXT_MAX);
}

void err_set_(struct err *err, enum err_code code, const char *fmt, ...)
{
	/* Arguments may point into err->text itself, so the text is built aside. */
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	err_begin(err, code);
	err_take(err, text);
}

void err_errno_(struct err *err, enum err_code code, const char *fmt, ...)
{
	const int saved = errno;
	char text[ERR_TEXT_MAX];
	char why[128];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set_(err, code, "%s: %s", text, strerror_r(saved, why, sizeof(why)));
}

void err_add_(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (snprintf(text + len, sizeof(text) - len, ": %s", err->text) < 0)
		return; /* the old text is better than none */
	err_take(err, text);
}

int err_exit_status(const struct err *err)
{
	switch (err->code) {
	case ERR_USAGE:
		return 2;
	case ERR_EARLY:
		return 3;
	case ERR_UNHEALTHY:
		return 4;
	case ERR_TIMEOUT:
		return 5;
	case ERR_NONE: /* a failure that did not say why is one all the same */
	case ERR_NOT_FOUND:
	case ERR_CONFLICT:
	case ERR_BUSY:
	case ERR_BAD_INPUT:
	case ERR_REFUSED:
	case ERR_FAILED:
		return 1;
	}
	return 1;
}
