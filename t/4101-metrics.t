#!/bin/sh
# /metrics: what has happened is counted there, once, and under the right name; it names no subject
# and no client, and each request has one id in the answer and in the log.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
# shellcheck source=t/lib/monitoring.sh
. "$SRCDIR/t/lib/monitoring.sh"
clock_set 1900000000
callers_make
demo
issuer_start

scrape() { curl -sS -D scrape.headers -o scrape "$OPS/metrics" || bail "no /metrics"; }
# sample NAME{LABELS} - its value; nothing if there is none.
sample() {
	scrape
	# shellcheck disable=SC2016 # awk's own
	awk -v want="$1" 'index($0, want " ") == 1 { print substr($0, length(want) + 2) }' scrape
}
# rises NAME{LABELS} CMD... - by how much it is more after CMD.
rises() {
	rises_name=$1
	shift
	rises_from=$(sample "$rises_name")
	"$@" >/dev/null
	rises_to=$(sample "$rises_name")
	echo $((${rises_to:-0} - ${rises_from:-0}))
}
tokens() { echo "issuerd_tokens_total{issuer=\"main\",result=\"$1\",reason=\"$2\"}"; }
reviews() { echo "issuerd_token_reviews_total{issuer=\"main\",result=\"$1\",reason=\"$2\"}"; }

# ---- the text ----
scrape
like "it is Prometheus' text" "$(tr -d '\r' <scrape.headers)" '^Content-Type: text/plain; version=0\.0\.4; charset=utf-8$'
ok "promtool finds nothing wrong with it" promtool check metrics <scrape
is "no sample is there twice" "$(grep -v "^#" scrape | sed "s/ [^ ]*$//" | sort | uniq -d)" ""
is "HEAD is answered too" "$(curl -sS -I -o /dev/null -w '%{http_code}' "$OPS/metrics")" 200
is "others are not" "$(curl -sS -X POST -o /dev/null -w '%{http_code}' "$OPS/metrics")" 405
is "it is not on the other listeners" "$(request "$URL/metrics")" 404
is "doc/monitoring.md has each metric, and no other" \
	"$(monitoring_rows | grep -E '^(issuerd|process)_' | sort)" \
	"$(sed -n 's/^# TYPE \([a-z0-9_]*\) .*/\1/p' scrape | sort)"

# ---- tokens ----
is "a token is counted" "$(rises "$(tokens issued '')" ask_token demo app "$AWS")" 1
is "and its request" "$(rises 'issuerd_requests_total{route="token",code="201"}' ask_token demo app "$AWS")" 1
is "and how long it took" "$(rises 'issuerd_request_duration_seconds_count{route="token"}' ask_token demo app "$AWS")" 1
is "and its signature" "$(rises issuerd_sign_duration_seconds_count ask_token demo app "$AWS")" 1
is "and its commit" "$(rises issuerd_audit_commit_duration_seconds_count ask_token demo app "$AWS")" 1
is "and the rows of that" "$(rises issuerd_audit_batch_rows_sum ask_token demo app "$AWS")" 1
is "a refusal is none" "$(rises "$(tokens issued '')" ask_token demo other "$AWS")" 0
is "but a refusal, with its reason" "$(rises "$(tokens refused Forbidden)" ask_token demo other "$AWS")" 1
is "a stranger's is one too" "$(AUTH='Authorization: Bearer isc_no' rises "$(tokens refused Unauthorized)" ask_token demo app "$AWS")" 1
is "and a bad body" "$(rises "$(tokens refused BadRequest)" ask_token demo app '{')" 1
is "none failed" "$(sample "$(tokens failed InternalError)")" 0
is "nothing is under way" "$(sample issuerd_signer_queue_depth)" 0

# ---- reviews ----
client reviewer
issuerctl grant add reviewer --tokenreviews >/dev/null
TOKEN=$(ask_token demo app "$AWS" >/dev/null && token_of)
is "a good token is counted" "$(rises "$(reviews authenticated '')" with reviewer.secret review "$TOKEN" sts.amazonaws.com)" 1
is "a bad one otherwise" "$(rises "$(reviews rejected '')" with reviewer.secret review nonsense)" 1
is "who may not ask is refused" "$(rises "$(reviews refused Forbidden)" with ci.secret review "$TOKEN")" 1

# ---- keys ----
is "one key signs" "$(sample 'issuerd_keys{issuer="main",state="active"}')" 1
is "as many are published as the JWKS has" "$(sample 'issuerd_keys_published{issuer="main"}')" \
	"$(request "$URL/openid/v1/jwks" >/dev/null && jq '.keys | length' body)"
BEFORE=$(sample 'issuerd_key_next_change_seconds{issuer="main"}')
clock_forward 60
is "the next change comes nearer" "$(sample 'issuerd_key_next_change_seconds{issuer="main"}')" $((BEFORE - 60))

# ---- health ----
is "the checks are those of /readyz" \
	"$(scrape; sed -n 's/^issuerd_check{check="\([a-z]*\)"} 1$/\1/p' scrape | sort | tr '\n' ' ')" \
	"$(curl -sS "$OPS/readyz?verbose" | sed -n 's/^\[+\]\([a-z]*\) ok$/\1/p' | sort | tr '\n' ' ')"
is "the signer is there" "$(sample issuerd_signer_up)" 1
COUNT=$(sample issuerd_sign_duration_seconds_count)
kill -KILL "$(pgrep -P "$DAEMON")"
restarted() { [ "$(sample issuerd_signer_restarts_total)" = 1 ] && [ "$(sample issuerd_signer_up)" = 1 ]; }
ok "another in its place is counted" until_true restarted
is "what it had counted is kept" "$(sample issuerd_sign_duration_seconds_count)" "$COUNT"
is "and goes on" "$(rises issuerd_sign_duration_seconds_count ask_token demo app "$AWS")" 1
is "when the certificate ends is what it says" \
	"$(scrape; sed -n 's/^issuerd_tls_certificate_expiry_timestamp_seconds{.*} //p' scrape | head -n 1)" \
	"$(date -d "$(openssl s_client -connect "${URL#https://}" </dev/null 2>/dev/null | openssl x509 -noout -enddate | cut -d = -f 2)" +%s)"

# ---- ids ----
ask_token demo app "$AWS" -H 'Audit-Id: my-request-7' >/dev/null
has_id() { grep -q 'event=token.issued.* id=my-request-7 ' issuerd.log; } # written after the answer
ok "a token's log line has the request's id" until_true has_id
ask_token demo other "$AWS" >/dev/null
ID=$(tr -d '\r' <headers | sed -n 's/^Audit-Id: //p')
like "so has a refusal's" "$(grep event=token.refused issuerd.log | tail -n 1)" " id=$ID "
AUTH='Authorization: Bearer isc_no' ask_token demo app "$AWS" >/dev/null
ID=$(tr -d '\r' <headers | sed -n 's/^Audit-Id: //p')
like "and that of a stranger's" "$(grep event=request.unauthorized issuerd.log | tail -n 1)" " id=$ID "

# ---- nobody is named ----
scrape
is "no subject, client or token is in it" "$(grep -cE 'demo|app|reviewer|"ci"|isc_|eyJ' scrape)" 0
issuer_stop
done_testing
