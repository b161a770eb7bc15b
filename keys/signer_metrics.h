/* signer_metrics.h - the signer's numbers, in a page that it shares with the gateway: a scrape
 * asks nobody and waits for nobody, also while the signer hangs, and nothing is lost when
 * another takes its place. The signer only writes there, and the gateway only reads: whatever a
 * captured gateway puts in misleads its own operators and nobody else. Any thread may use it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_METRICS_H
#define SIGNER_METRICS_H

#include "base/err.h"
#include "base/metrics.h"

#define SIGNER_METRICS_FD 4 /* the signer finds the page there */

struct signer_metrics {
	struct metrics_histogram sign;   /* metrics_seconds: of one signature */
	struct metrics_histogram commit; /* metrics_seconds: of one batch */
	struct metrics_histogram batch;  /* metrics_things: rows in it */
	struct metrics_number commit_failures;
	struct metrics_number checkpoint_failures;
	struct metrics_number rotation_failures;
	struct metrics_number checkpoint_at; /* when the audit's head was last signed, or found
						signed; 0: never */
	struct metrics_number under_way;     /* requests taken and not answered */
	struct metrics_number waiting_since_ms; /* clock_monotonic_ms of the oldest in the
						   commit under way; 0: none is */
	struct metrics_number restarts;         /* the gateway's own */
};

/* In the gateway: a new page, and the descriptor to hand on (above SIGNER_METRICS_FD). Both are
 * kept for the life of the process. */
int signer_metrics_create(struct signer_metrics **ret, int *ret_fd, struct err *err);

/* In the signer: the gateway's page, after which `fd` is closed in any case; what only a living
 * signer can say is as of a new one. */
int signer_metrics_attach(int fd, struct signer_metrics **ret, struct err *err);

#endif
