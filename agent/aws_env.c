/* aws_env.c - see aws_env.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/aws_env.h"

const char *const aws_env_rivals[] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", NULL };

void aws_env_make(const struct agent_projection *p, struct aws_env_variable ret[AWS_ENV_MAX])
{
	size_t n = 0;

	ret[n++] = (struct aws_env_variable){ "ISSUER_AGENT_TOKEN_FILE", agent_conf_file(p) };
	if (p->role_arn) {
		ret[n++] = (struct aws_env_variable){ "AWS_ROLE_ARN", text_copy(p->role_arn) };
		ret[n++] = (struct aws_env_variable){ "AWS_WEB_IDENTITY_TOKEN_FILE",
			agent_conf_file(p) };
		ret[n++] = (struct aws_env_variable){ "AWS_ROLE_SESSION_NAME",
			text_copy(p->session_name) };
	}
	if (p->region) {
		ret[n++] = (struct aws_env_variable){ "AWS_REGION", text_copy(p->region) };
		ret[n++] =
			(struct aws_env_variable){ "AWS_DEFAULT_REGION", text_copy(p->region) };
	}
	ret[n] = (struct aws_env_variable){ NULL, NULL };
}

void aws_env_clear(struct aws_env_variable *variables)
{
	for (; variables->name; variables++)
		free(variables->value);
}

/* 'it'\''s' */
static void add_quoted(struct text *out, const char *s)
{
	text_add(out, "'");
	for (; *s != '\0'; s++)
		if (*s == '\'')
			text_add(out, "'\\''");
		else
			text_add_bytes(out, s, 1);
	text_add(out, "'");
}

void aws_env_print(const struct agent_projection *p, struct text *out)
{
	struct aws_env_variable variables[AWS_ENV_MAX];

	aws_env_make(p, variables);
	for (const struct aws_env_variable *v = variables; v->name; v++) {
		text_addf(out, "export %s=", v->name);
		add_quoted(out, v->value);
		text_add(out, "\n");
	}
	aws_env_clear(variables);
}
