/* err.h - the one idiom for errors. A function that can fail takes `struct err *err` last and
 * returns 0 or -1; `err` is never NULL and is written only on failure. The code says what the
 * caller can do about it, the text is one lower-case line for a human: it names the thing, says
 * what could not be done, and after a semicolon what to do next. No secret ever goes in.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ERR_H
#define ERR_H

#define ERR_TEXT_MAX 1024

enum err_code {
	ERR_NONE,
	ERR_NOT_FOUND, /* the thing asked for does not exist */
	ERR_CONFLICT,  /* somebody else was first, or it exists already */
	ERR_BUSY,      /* try again later */
	ERR_BAD_INPUT, /* what was given is wrong; asking again changes nothing */
	ERR_USAGE,     /* the same, on a command line */
	ERR_REFUSED,   /* understood, and not allowed */
	ERR_EARLY,     /* a precondition does not hold yet */
	ERR_UNHEALTHY, /* the thing was looked at and is not as it should be */
	ERR_TIMEOUT,   /* waited as long as was allowed */
	ERR_FAILED,    /* anything that is our side's fault or the machine's */
};

struct err {
	enum err_code code;
	int detail;        /* a number of the room that made it (an HTTP status, say), or 0 */
	const char *field; /* the input member at fault, a string literal, or NULL */
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT                                                                               \
	{                                                                                      \
		.code = ERR_NONE                                                               \
	}

/* Sets code and text; yields -1, so that `return err_set(...)` reads well. A text that does not
 * fit is cut. Macros, so that the compiler sees the -1. */
#define err_set(err, code, ...) (err_set_((err), (code), __VA_ARGS__), err_failed_())

/* err_set with ": " and the text of errno appended. */
#define err_errno(err, code, ...) (err_errno_((err), (code), __VA_ARGS__), err_failed_())

/* Puts "context: " before the text there is; code, detail and field stay. Yields -1. */
#define err_add(err, ...) (err_add_((err), __VA_ARGS__), err_failed_())

void err_set_(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_errno_(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_add_(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline int err_failed_(void)
{
	return -1;
}

/* The exit status a command-line program ends with after a failure: 1 failed, 2 usage, 3
 * precondition not met, 4 differs or unhealthy, 5 timeout; never 0. */
int err_exit_status(const struct err *err);

#endif
