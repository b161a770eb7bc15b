/* aws_env.h - the environment in which the SDKs of AWS, and others, find a projected token.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_ENV_H
#define AWS_ENV_H

#include "base/text.h"
#include "conf/agent_conf.h"

struct aws_env_variable {
	const char *name; /* a literal; NULL ends a list */
	char *value;
};

#define AWS_ENV_MAX 7

/* The variables for a projection: ISSUER_AGENT_TOKEN_FILE, and with a role AWS_ROLE_ARN,
 * AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_SESSION_NAME; with a region AWS_REGION and
 * AWS_DEFAULT_REGION. aws_env_clear releases the values. */
void aws_env_make(const struct agent_projection *p, struct aws_env_variable ret[AWS_ENV_MAX]);
void aws_env_clear(struct aws_env_variable *variables);

/* Names, ended by NULL, of what SDKs prefer to the above, so that it must not be there too. */
extern const char *const aws_env_rivals[];

/* As assignments that a shell reads, each with `export`. */
void aws_env_print(const struct agent_projection *p, struct text *out);

#endif
