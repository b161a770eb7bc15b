/* projector_state.h - what a projector is made of, for the two files that implement it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PROJECTOR_STATE_H
#define PROJECTOR_STATE_H

#include <pthread.h>

#include "agent/projector.h"
#include "agent/volume.h"

/* What a configuration asks for, and how it stands. */
struct projector_set {
	struct agent_conf *conf;
	struct held *held; /* one for each projection, in their order */
	size_t count;
	struct volume *volumes;
	size_t volume_count;
};

/* Only the passing thread writes, under the lock; it may read without. */
struct projector {
	pthread_mutex_t lock;
	struct projector_set set;
	struct held_retry server_retry;
	struct log_trouble server_trouble;
	enum err_code server_code;
	char server_error[ERR_TEXT_MAX];
	struct clock_reading keys_seen; /* when the JWKS was looked at last */
	struct log_trouble keys_trouble;
	struct projector_numbers numbers;
	_Atomic int64_t heartbeat_ms;
};

#endif
