/* fuzz_kube_protobuf.c - any bytes are an object of each kind in Kubernetes' envelope, or are
 * refused: see kube_object.h. Without the envelope's magic they are never one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "issuer/kube_protobuf.h"
#include "t/fuzz/kube_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kube_type *const types[] = { &kube_token_request,
		&kube_token_review, &kube_self_subject_review };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		json_auto_t *object = NULL;
		struct err err = ERR_INIT;
		const int rc =
			kube_protobuf_read((const char *)data, size, types[i], &object, &err);

		if (rc == 0 ? size < 5 || memcmp(data, "k8s", 4) != 0
			    : err.code != ERR_BAD_INPUT || object)
			abort();
		kube_object_check(data, size, true, types[i]);
	}
	return 0;
}
