# agent.sh - the words of tests of issuer-agent. Sourced after issuer.sh.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
unset ISSUER_AGENT_CONFIG AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_SESSION_NAME AWS_REGION \
	AWS_DEFAULT_REGION AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY \
	AWS_SESSION_TOKEN AWS_CA_BUNDLE WATCHDOG_USEC
AGENT_CONF=$WORK/agent.yaml
AGENT=
# shellcheck disable=SC2034 # for who sources this
ROLE=arn:aws:iam::123456789012:role/app

agent() { "$BUILDDIR/t/${AGENT_PROGRAM:-issuer-agent-test}" -c "$AGENT_CONF" "$@"; }

# agent_conf PROJECTIONS [MORE] - a configuration that asks our issuer as client ci. PROJECTIONS: lines
# of YAML flow, each one projection; MORE: other settings.
agent_conf() {
	cat >"$AGENT_CONF.new" <<EOF
server: ${SERVER:-{url: $URL, ca: tls/ca.pem, secret_file: ci.secret\}}
state: agent-state
projections:
$(printf '%s\n' "$1" | sed '/./s/^/- /')
${2:-}
EOF
	mv "$AGENT_CONF.new" "$AGENT_CONF"
}

# agent_start - runs it until the script ends; waits until it is ready. Sets AGENT, and CREDENTIALS and
# METRICS to the addresses of such listeners.
agent_start() {
	agent_launch
	agent_wait || bail "issuer-agent did not get ready: $(tail -n 3 agent.log)"
}

# agent_launch - without the wait. agent_wait - which is for the word "ready", for some minutes at most.
agent_launch() {
	: >agent-said
	"$BUILDDIR/t/${AGENT_PROGRAM:-issuer-agent-test}" -c "$AGENT_CONF" -R 3 3>agent-said >>agent.log 2>&1 </dev/null &
	AGENT=$!
	stop_on_exit "$AGENT"
}
agent_is_ready_or_gone() { grep -qx ready agent-said || ! kill -0 "$AGENT"; }
agent_wait() {
	for _ in 1 2 3 4 5 6; do
		! until_true agent_is_ready_or_gone || break
	done
	# shellcheck disable=SC2034 # for who sources this
	CREDENTIALS=$(sed -n 's/^credentials[^ ]* \([^/].*\)/\1/p' agent-said)
	# shellcheck disable=SC2034
	METRICS=$(sed -n 's/^[^ ]*metrics \([^/].*\)/\1/p' agent-said)
	grep -qx ready agent-said
}

agent_stop() { stop "$AGENT"; }

# logged EVENT - how many such lines the agent has written. has_logged N EVENT - at least so many?
logged() { grep -c " event=$1\( \|\$\)" agent.log; }
has_logged() { [ "$(logged "$2")" -ge "$1" ]; }

# state_of N - of projection N, counted from 0, by the status.
state_of() { agent status -o json 2>/dev/null | jq -r ".projections[$1].state"; }
state_is() { [ "$(state_of "$1")" = "$2" ]; }

# settled N - has it done what was due, by the clock of now? settle N - waits for that.
settled() {
	agent status -o json 2>/dev/null | jq -e ".projections[$1] | .state == \"fresh\" and .refresh_at > $(cut -d ' ' -f 1 "$TEST_CLOCK")" >/dev/null
}
# What has failed is tried again some seconds later, which pass for nobody else.
settled_in_time() {
	settled "$1" && return
	! agent status -o json | jq -e ".error // .projections[$1].error" >/dev/null || clock_forward 1
	false
}
settle() { until_true settled_in_time "$1"; }

# jti_in FILE - of the token in it.
jti_in() { claims "$(cat "$1")" | jq -r .jti; }
jti_is_not() { [ "$(jti_in "$1")" != "$2" ]; }

# sts_start - an STS of our own (t/lib/sts.py) at $STS, which logs to sts.log.
sts_start() {
	rm -f sts.port
	/usr/bin/python3 "$SRCDIR/t/lib/sts.py" "$URL" "$CA" sts.port sts.log 2>sts.err &
	stop_on_exit $!
	until_true test -s sts.port || bail "the STS did not start: $(cat sts.err)"
	# shellcheck disable=SC2034 # for who sources this
	STS=http://127.0.0.1:$(cat sts.port)
}
# sts_count RESULT - how many requests it has answered so.
sts_count() { grep -c "\"result\": \"$1\"" sts.log; }
