/* agent_conf.h - the settings of issuer-agent: read from YAML, checked, then frozen. Paths are
 * absolute, names of users and groups are numbers, and everything is within its range. The file
 * format is described in issuer-agent.yaml(5).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CONF_H
#define AGENT_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/name.h"
#include "base/text.h"
#include "conf/conf.h"

/* What a listener serves; a set. */
enum agent_serves {
	AGENT_SERVES_CREDENTIALS = 1 << 0, /* container credentials, for the SDKs of AWS */
	AGENT_SERVES_TOKENS = 1 << 1,      /* tokens, to the process whose they are */
	AGENT_SERVES_METRICS = 1 << 2,
};

/* Where tokens come from, and how the agent shows who it is: by one of secret_file and
 * certificate, or by neither, if the issuer knows the uid behind a Unix socket. */
struct agent_server {
	char *url;                       /* the issuer's: https, or http on this host alone */
	char *socket;                    /* path of a Unix socket to ask through; NULL: TCP */
	char *ca;                        /* PEM certificates to trust; NULL: the system's */
	char *secret_file;               /* mode 0600 */
	char *certificate;               /* PEM chain */
	char *key;                       /* PEM private key, mode 0600 */
	struct conf_duration keys_check; /* how often the JWKS is read; 0: never */
};

/* What a token is bound to. */
struct agent_bound {
	char *kind; /* "Pod" or "Node" */
	char *name;
	char *uid; /* NULL: whatever it has */
};

/* One token and the file it is kept in: `file` in `directory`, swapped as a kubelet does it, or
 * the plain file `path`. */
struct agent_projection {
	char *service_account; /* NAMESPACE/NAME */
	char *audience;
	struct conf_duration lifetime;
	char *directory;
	char *file;
	char *path;
	char *owner, *group, *mode; /* as written */
	struct agent_bound *bound;  /* NULL: to nothing */
	char *role_arn;             /* NULL: no credentials are asked for */
	char *region;               /* NULL: none */
	char *session_name; /* of the role's session; its default is NAMESPACE.NAME, cut */
	/* Made of the above. */
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	uid_t uid;
	gid_t gid;
	mode_t file_mode;
};

/* Exactly one of address and socket is set; an address is of this host alone. */
struct agent_listener {
	char *address;
	char *socket;
	uint32_t serves;
};

struct agent_sts {
	char *url;                     /* NULL: AWS's, of the projection's region */
	char *ca;                      /* PEM certificates to trust; NULL: the system's */
	struct conf_duration lifetime; /* of credentials */
};

struct agent_conf {
	char *path;  /* the file it came from */
	char *state; /* directory of the lock and the status */
	struct agent_server server;
	struct agent_projection *projections;
	uint32_t projection_count;
	struct agent_listener *listeners;
	uint32_t listener_count;
	struct agent_sts sts;
	char *log_level;
	char *log_format;
};

/* As conf_load, conf_parse, conf_free and conf_print (conf/conf.h). */
int agent_conf_load(const char *path, struct agent_conf **ret, struct err *err);
int agent_conf_parse(const char *name, const char *yaml, size_t len, struct agent_conf **ret,
	struct err *err);
void agent_conf_free(struct agent_conf *conf);
static inline void auto_agent_conf_(struct agent_conf **c)
{
	agent_conf_free(*c);
}
#define auto_agent_conf __attribute__((cleanup(auto_agent_conf_)))
int agent_conf_print(const struct agent_conf *conf, struct text *out, struct err *err);

/* Another one of the same settings, checked as if it had been read from a file conf->path. What
 * agent_check makes of them need not be there. As text it must not be longer than a file may.
 */
int agent_conf_copy(const struct agent_conf *conf, struct agent_conf **ret, struct err *err);

/* Where the configuration is: `given` (from -c) if not NULL, else $ISSUER_AGENT_CONFIG, else
 * the installed default. Borrowed. */
const char *agent_conf_path(const char *given);

/* The file that a projection keeps; the caller frees. */
char *agent_conf_file(const struct agent_projection *p);

#endif
