#!/bin/sh
# The alert rules and the dashboard: Prometheus takes the rules, they fire when they should and only
# then, and every metric they use exists.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/tap.sh
. "${SRCDIR:-.}/t/lib/tap.sh"
# shellcheck source=t/lib/monitoring.sh
. "$SRCDIR/t/lib/monitoring.sh"
RULES=$SRCDIR/conf/prometheus-alerts.yml
BOARD=$SRCDIR/conf/grafana-dashboard.json

# used FILE - the metrics in it, without the endings of a histogram.
used() {
	grep -oE '(issuerd|process)_[a-z_]+[a-z]' "$1" | sed 's/_\(bucket\|count\|sum\)$//' | sort -u
}

ok "promtool takes the rules" promtool check rules "$RULES"
cp "$RULES" "$SRCDIR/t/data/alerts-test.yml" .
ok "they fire when they should, and not else" promtool test rules alerts-test.yml
sed 's/values: .*/values: "0x90"/' alerts-test.yml >quiet.yml
not_ok "which would be noticed" promtool test rules quiet.yml
is "each alert has its row" "$(sed -n 's/^ *- alert: //p' "$RULES" | sort)" "$(monitoring_rows | grep '^Issuerd' | sort)"
is "each says what to do" "$(grep -c 'description: "..*"' "$RULES")" "$(grep -c 'alert: ' "$RULES")"
monitoring_rows | sort >documented
is "the rules know no other metrics than ours" "$(used "$RULES" | comm -23 - documented)" ""
is "nor does the dashboard" "$(used "$BOARD" | comm -23 - documented)" ""
ok "the dashboard is JSON of the kind that Grafana imports" \
	jq -e '.uid == "issuerd" and (.panels | length > 10) and all(.panels[]; .targets | length > 0)' "$BOARD"
is "its panels have ids of their own" "$(jq '[.panels[].id] | length == (unique | length)' "$BOARD")" true
# shellcheck disable=SC2016 # that is Grafana's
jq -r '.panels[].targets[].expr' "$BOARD" | sed 's/\$__rate_interval/5m/g' >exprs
{
	printf 'groups:\n  - name: board\n    rules:\n'
	n=0
	while read -r expr; do
		n=$((n + 1))
		printf "      - record: board:%s\n        expr: '%s'\n" "$n" "$expr"
	done <exprs
} >board.yml
ok "and every expression is PromQL" promtool check rules board.yml
done_testing
