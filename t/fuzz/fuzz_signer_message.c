/* fuzz_signer_message.c - packets between gateway and signer: what can be read can be written,
 * and reads back as the same packet.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "keys/signer_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a wish needs is there, for the signer relies on it; a refusal wishes nothing. */
static void check_members(const struct signer_request *request)
{
	const struct mint_request *mint = &request->mint;

	if (request->deed == SIGNER_MINT
			? !mint->namespace || !mint->name || !mint->uid ||
				!json_is_array(mint->audiences)
			: mint->namespace || mint->audiences || mint->bound.pod_name)
		abort();
	if (request->deed > SIGNER_REVIEW_REFUSED ||
		(request->audiences && !json_is_array(request->audiences)))
		abort();
}

static void check_request(const char *packet, size_t len)
{
	struct signer_request request = { .id = 0 };
	struct signer_request again = { .id = 0 };
	struct err err = ERR_INIT;
	auto_free char *out = NULL;
	auto_free char *twice = NULL;
	size_t out_len, twice_len;

	if (signer_request_read(packet, len, &request, &err) < 0) {
		if (err.code != ERR_BAD_INPUT || request.root)
			abort();
		return;
	}
	check_members(&request);
	if (signer_request_write(&request, &out, &out_len, &err) == 0) {
		if (signer_request_read(out, out_len, &again, &err) < 0 ||
			again.id != request.id || again.deed != request.deed ||
			again.mint.lifetime_s != request.mint.lifetime_s ||
			signer_request_write(&again, &twice, &twice_len, &err) < 0 ||
			strcmp(out, twice) != 0)
			abort();
	}
	signer_request_free(&request);
	signer_request_free(&again);
}

static void check_reply(const char *packet, size_t len)
{
	struct signer_reply reply = { .id = 0 };
	struct signer_reply again = { .id = 0 };
	struct err err = ERR_INIT;
	auto_free char *out = NULL;
	size_t out_len;

	if (signer_reply_read(packet, len, &reply, &err) < 0)
		return;
	if (signer_reply_write(&reply, &out, &out_len, &err) == 0) {
		if (signer_reply_read(out, out_len, &again, &err) < 0 || again.id != reply.id ||
			again.err.code != reply.err.code)
			abort();
	}
	mint_token_free(&reply.token);
	mint_token_free(&again.token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_request((const char *)data, size);
	check_reply((const char *)data, size);
	return 0;
}
