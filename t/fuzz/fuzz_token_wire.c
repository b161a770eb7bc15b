/* fuzz_token_wire.c - what an issuer may answer to the agent: a token that is believed can go
 * into
 * a file, a header and a form. SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "agent/token_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kids[] = { "a", "b" };
	struct token_answer answer = { .token = NULL };
	struct err err = ERR_INIT;
	bool missing[2];

	free(token_wire_refusal((const char *)data, size));
	(void)token_wire_find_missing((const char *)data, size, kids, 2, missing, &err);
	if (token_wire_read((const char *)data, size, &answer, &err) < 0)
		return 0;
	if (answer.lifetime_s <= 0 || strlen(answer.token) > TOKEN_WIRE_TOKEN_MAX ||
		strpbrk(answer.token, " \r\n\t&=/\"") != NULL)
		abort();
	token_wire_free(&answer);
	return 0;
}
