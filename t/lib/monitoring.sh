# monitoring.sh - what doc/monitoring.md says there is. Sourced after tap.sh.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# monitoring_rows - the names in the first column of its tables: metrics and alerts.
monitoring_rows() {
	# shellcheck disable=SC2016 # those are Markdown's
	sed -n 's/^| `\([A-Za-z0-9_]*\)`.*/\1/p' "$SRCDIR/doc/monitoring.md"
}
