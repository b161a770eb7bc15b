/* fuzz_sts_answer.c - what an STS may answer to the agent: credentials that are believed are
 * whole, and fit into a header. SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sts_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_answer answer = { .access_key_id = NULL };
	struct err err = ERR_INIT;

	free(sts_answer_refusal((const char *)data, size));
	if (sts_answer_read((const char *)data, size, &answer, &err) < 0)
		return 0;
	if (strpbrk(answer.session_token, " \r\n") != NULL ||
		*answer.secret_access_key == '\0' ||
		strlen(answer.session_token) > STS_ANSWER_FIELD_MAX)
		abort();
	sts_answer_clear(&answer);
	return 0;
}
