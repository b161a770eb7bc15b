/* fuzz_tokenrequest.c - any body is a TokenRequest whose members have their types, or is
 * refused as a bad request.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "issuer/kube.h"
#include "issuer/tokenrequest_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct token_request *request)
{
	const json_t *one;
	size_t i;

	if (request->warning_count > TOKENREQUEST_WARNINGS_MAX ||
		(request->audiences && json_array_size(request->audiences) == 0) ||
		(request->bound_object && !json_is_object(request->bound_object)))
		abort();
	json_array_foreach(request->audiences, i, one) if (!json_is_string(one)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token_request request = TOKEN_REQUEST_INIT;
	struct err err = ERR_INIT;

	if (token_request_read((const char *)data, size, &request, &err) == 0)
		check(&request);
	else if (err.code != ERR_REFUSED || err.detail != KUBE_BAD_REQUEST)
		abort();
	token_request_free(&request);
	return 0;
}
