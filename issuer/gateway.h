/* gateway.h - what the handlers of the gateway process work with. Frozen before the first
 * connection; what changes behind the pointers is locked by the rooms that own it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <jansson.h>

#include "conf/conf.h"
#include "keys/keyring.h"
#include "keys/signer.h"
#include "store/store.h"

struct gateway {
	const struct conf *conf;
	const struct conf_issuer *issuer;
	struct plan_policy plan;
	/* Of this API: what a token for us is for, and the default. Shared by all threads,
	 * which jansson's reference counts are not made for: copied, never referred to. */
	json_t *api_audiences;
	const char *path_prefix; /* of the issuer's URL, "" or "/tenant/a" */
	struct store *store;     /* read only */
	struct keyring_slot *slot;
	struct signer *signer;
	const struct signer_metrics *signer_metrics;
	struct stats *stats;
};

#endif
