/* conf.h - the settings of issuerd and issuerctl: read from YAML, checked, then frozen. Every
 * path, number and duration in here is within its range and agrees with the others.
 * The file format is described in issuerd.yaml(5).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* Kubernetes' own bounds for a token's lifetime, seconds. */
#define CONF_LIFETIME_MIN_S 600
#define CONF_LIFETIME_MAX_S (INT64_C(1) << 32)

/* What a listener serves; a set. */
enum conf_serves {
	CONF_SERVES_PUBLIC = 1 << 0, /* discovery and JWKS, anonymous */
	CONF_SERVES_API = 1 << 1,    /* the token API, authenticated */
	CONF_SERVES_OPS = 1 << 2,    /* health */
};

/* A duration as written ("24h") and in seconds. */
struct conf_duration {
	char *text;
	int64_t s;
};

struct conf_issuer {
	char *name; /* RFC 1123 label; the tenant in the store */
	char *url;  /* https, no query, fragment or trailing slash; the `iss` of every token */
};

struct conf_tls {
	char *certificate; /* PEM chain, leaf first */
	char *key;         /* PEM private key, mode 0600 */
	char *client_ca;   /* PEM certificates: of whom clients may show one; NULL: of nobody */
	char *client_crl;  /* PEM revocation lists of those; NULL: none */
};

/* Exactly one of address and socket is set. */
struct conf_listener {
	char *address; /* "127.0.0.1:8443", "[::1]:8443", ":8443"; port 0 takes any free one */
	char *socket;  /* path of a Unix stream socket */
	uint32_t serves;
	struct conf_tls *tls; /* NULL: plain HTTP */
};

struct conf_keys {
	char *algorithm;                      /* "RS256" or "ES256" */
	uint32_t rsa_bits;                    /* 2048, 3072 or 4096 */
	struct conf_duration rotation_period; /* D */
	struct conf_duration max_age;         /* A: Cache-Control of the public documents */
	struct conf_duration publication_lag; /* P */
	struct conf_duration clock_skew;      /* S */
	struct conf_duration verifier_cache;  /* C */
	struct conf_duration verifier_leeway; /* V */
};

struct conf_tokens {
	/* When a request names none. Its default is 1h, or max_lifetime if that is shorter. */
	struct conf_duration default_lifetime;
	struct conf_duration max_lifetime; /* T: longer requests are shortened */
	struct conf_duration backdate;     /* iat and nbf lie this far back */
	char **audiences; /* of a request that names none; empty: the issuer's URL */
	uint32_t audience_count;
};

struct conf_limits {
	uint32_t header_bytes;     /* of one request, its first line included */
	uint32_t body_bytes;       /* of one request */
	uint32_t connections;      /* per listener */
	struct conf_duration idle; /* a connection without traffic is closed after this */
};

struct conf {
	char *path; /* the file it came from */
	struct conf_issuer *issuers;
	uint32_t issuer_count; /* exactly 1 for now */
	char *store;           /* path of the SQLite file */
	char *sealing_key;     /* path of the file with the 256-bit sealing key */
	struct conf_listener *listeners;
	uint32_t listener_count;
	struct conf_keys keys;
	struct conf_tokens tokens;
	struct conf_limits limits;
	char *log_level;  /* "debug", "info", "warn" or "error" */
	char *log_format; /* "logfmt" or "json" */
};

/* Paths in the file that do not begin with '/' (store, sealing_key, tls, socket) are taken from
 * the directory the file is in, so that the directory can be moved as a whole; here they are
 * always absolute. A file named "-" is standard input and lies in the working directory. */

/* Reads and checks `path`. ERR_NOT_FOUND if there is no such file; otherwise ERR_BAD_INPUT with
 * "FILE:LINE: what is wrong; what to write instead". conf_free releases the result. */
int conf_load(const char *path, struct conf **ret, struct err *err);

/* The same from memory; `name` stands for the file in messages, and for its directory. */
int conf_parse(const char *name, const char *yaml, size_t len, struct conf **ret,
	struct err *err);

void conf_free(struct conf *conf);
static inline void auto_conf_(struct conf **c)
{
	conf_free(*c);
}
#define auto_conf __attribute__((cleanup(auto_conf_)))

/* The settings in force as YAML, defaults filled in; reading it back gives the same. */
int conf_print(const struct conf *conf, struct text *out, struct err *err);

/* Where the configuration is: `given` (from -c) if not NULL, else $ISSUERD_CONFIG, else the
 * installed default. Borrowed. */
const char *conf_path(const char *given);

/* Room for the longest numeric host and its NUL. */
#define CONF_HOST_SIZE 46

/* Splits a listener's address. ret_host gets the numeric form that inet_pton reads, without
 * brackets, 127.0.0.1 for "localhost", and "" for ":PORT": all addresses of this machine.
 * ERR_BAD_INPUT otherwise, also if `size` is too small; both outputs are then untouched. */
int conf_address_split(const char *address, char *ret_host, size_t size, uint16_t *ret_port,
	struct err *err);

#endif
