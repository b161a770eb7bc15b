/* fuzz_tokenrequest.c - any JSON body is a TokenRequest whose members have their types, or is
 * refused: see kube_object.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/fuzz/kube_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kube_object_check(data, size, false, &kube_token_request);
	return 0;
}
