#!/bin/sh
# issuer-agent exec: the program's environment, its end, signals, what is left behind (nothing), and
# tokens that stay fresh while it runs.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
clock_set "$(date +%s)"
issuer_make
issuer_start
demo
agent_conf ''
sed -i '/^projections:/d' "$AGENT_CONF"
mkdir runtime && XDG_RUNTIME_DIR=$WORK/runtime
export XDG_RUNTIME_DIR

# run CMD... - with a token of demo/app.
run() { agent exec --wait 0s --service-account demo/app --role-arn "$ROLE" "$@"; }
# left - what the agent has left of its directories, wherever they were.
left() { find /dev/shm "${TMPDIR:-/tmp}" runtime -maxdepth 1 -name 'issuer-agent.*' -user "$(id -u)" -newer start 2>/dev/null; }
touch start

# shellcheck disable=SC2016 # for the program's shell
run -- sh -c 'env; cat "$AWS_WEB_IDENTITY_TOKEN_FILE" >seen; stat -c "%a %F" "$ISSUER_AGENT_TOKEN_FILE" "$(dirname "$ISSUER_AGENT_TOKEN_FILE")" >modes' >env.out 2>err
is "it ends as the program does" $? 0
is "without a word of its own" "$(cat err)" ""
ok "the program has a token" verifies "$(cat seen)"
is "its role" "$(sed -n 's/^AWS_ROLE_ARN=//p' env.out)" "$ROLE"
is "its session" "$(sed -n 's/^AWS_ROLE_SESSION_NAME=//p' env.out)" demo.app
is "no region that nobody named" "$(grep -c REGION env.out)" 0
is "in files for itself alone" "$(cat modes)" "600 regular file
700 directory"
is "nothing is left" "$(left)" ""
run --region eu-central-1 --session-name me -- env >env.out
is "a region and a session" "$(grep -E '^AWS_(DEFAULT_)?(REGION|ROLE_SESSION_NAME)=' env.out | sort | tr '\n' ' ')" \
	"AWS_DEFAULT_REGION=eu-central-1 AWS_REGION=eu-central-1 AWS_ROLE_SESSION_NAME=me "
AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_SESSION_TOKEN=c AWS_PROFILE=d run -- env >env.out
is "keys that SDKs would prefer are taken away" "$(grep -cE '^AWS_(ACCESS|SECRET|SESSION_TOKEN|PROFILE)' env.out)" 0
agent exec --wait 0s --service-account demo/app -- env >env.out
is "without a role, a file alone" "$(grep -cE '^(AWS_ROLE|AWS_WEB)' env.out) $(grep -c ^ISSUER_AGENT_TOKEN_FILE= env.out)" "0 1"

# ---- how it ends ----

exits "with the program's status" 7 run -- sh -c 'exit 7'
exits "with 128 and the signal that ended it" 137 run -- sh -c 'kill -KILL $$'
exits "with 127 if there is no such program" 127 run -- ./no-such-program
exits "with 126 if it is none" 126 run -- ./start
is "nothing is left" "$(left)" ""

# forwards SIGNAL - the program tells which signal it had. (No shell can trap what was ignored when it was
# started, as under nohup.)
forwards() {
	rm -f ready got
	mkfifo ready
	# shellcheck disable=SC2016 # for the program's shell
	env --default-signal=TERM,HUP,INT,QUIT,USR1,USR2 "$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" exec --wait 0s \
		--service-account demo/app -- \
		sh -c 'trap "echo $1 >got; exit 9" "$1"; echo >ready; while :; do sleep 0.1; done' sh "$1" &
	RUNNER=$!
	stop_on_exit "$RUNNER"
	read -r _ <ready
	kill -s "$1" "$RUNNER"
	wait "$RUNNER"
	[ "$? $(cat got)" = "9 $1" ]
}
for signal in TERM HUP INT QUIT USR1 USR2; do
	ok "SIG$signal is passed on" forwards $signal
done
is "nothing is left" "$(left)" ""

# Python can ignore SIGCHLD for whom it becomes.
cat >ignoring.py <<'END'
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
END
exits "as ever if whoever started it ignores ended children" 7 timeout -k 1 20 /usr/bin/python3 ignoring.py \
	"$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" exec --service-account demo/app -- sh -c 'exit 7'
# A pipe that nobody reads: by the time that the program ends, the log has had something to say.
cat >unread.py <<'END'
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.call(sys.argv[1:], stderr=w))
END
cp "$AGENT_CONF" agent.saved
echo 'log_level: debug' >>"$AGENT_CONF"
exits "as ever if nobody reads its log" 7 /usr/bin/python3 unread.py \
	"$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" exec --service-account demo/app -- sh -c 'exit 7'
mv agent.saved "$AGENT_CONF"
is "nothing is left" "$(left)" ""

# ---- while it runs ----

mkfifo ready2
# shellcheck disable=SC2016 # for the program's shell
run --lifetime 10m -- sh -c 'echo "$AWS_WEB_IDENTITY_TOKEN_FILE" >ready2; while [ ! -e enough ]; do sleep 0.1; done; cat "$AWS_WEB_IDENTITY_TOKEN_FILE" >last' 2>run.log &
RUNNER=$!
stop_on_exit "$RUNNER"
read -r FILE <ready2
first=$(jti_in "$FILE")
clock_forward 480
ok "its token stays fresh" until_true jti_is_not "$FILE" "$first"
touch enough
wait "$RUNNER"
ok "to the end" verifies "$(cat last)"

# ---- what is refused ----

exits "an account without a grant" 1 agent exec --wait 0s --service-account demo/none -- touch ran
is "runs nothing" "$(ls ran 2>/dev/null)" ""
exits "no account" 2 agent exec -- true
exits "no program" 2 agent exec --service-account demo/app --
one_line "a role that is none" 1 "role_arn 'x' is not the ARN" agent exec --service-account demo/app --role-arn x -- true
one_line "a life that is too short" 1 'lifetime' agent exec --service-account demo/app --lifetime 1m -- true
exits "options of the program are its own" 0 run -- sh -c 'exit 0' --wait
issuer_stop
exits "an issuer that is away" 1 run -- touch ran
"$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" exec --wait 1h --service-account demo/app -- touch ran 2>wait.log &
RUNNER=$!
stop_on_exit "$RUNNER"
ok "waiting for it" until_true grep -q event=server.failed wait.log
kill -TERM "$RUNNER"
wait "$RUNNER"
is "ends when it is told to" $? 1
is "and nothing ran" "$(ls ran 2>/dev/null)" ""
is "nothing is left" "$(left)" ""
done_testing
