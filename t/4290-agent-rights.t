#!/bin/sh
# Which rights the agent needs to give token files to others, as its unit says: none for groups it
# is in, CAP_CHOWN for other users. What it makes can be read whatever its umask, but nobody else
# can get in its way.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
AGENT=$BUILDDIR/issuer-agent
AGENT_UID=61001 GROUP=61002 OTHER=61003

[ "$(id -u)" = 0 ] || skip_all "only root can be somebody else"
command -v setpriv >/dev/null || skip_all "no setpriv"
RIGHTS=-all
# somebody UID SETPRIV-OPTION... -- CMD... - CMD as that user, with those groups, and RIGHTS alone.
somebody() {
	somebody_uid=$1
	shift
	setpriv --reuid "$somebody_uid" --regid "$somebody_uid" --inh-caps="$RIGHTS" \
		--ambient-caps="$RIGHTS" --bounding-set="$RIGHTS" "$@"
}
chmod 755 .
somebody "$AGENT_UID" --clear-groups -- "$AGENT" --version >version 2>&1 ||
	skip_all "other users cannot run programs of this build"
clock_set 1900000000
issuer_make
demo
issuer_start
mkdir run
chown "$AGENT_UID" run ci.secret
install -m 644 "$CA" ca.pem || bail "no CA"

# agent PLACE - its configuration, for a token in PLACE, which is a flow mapping's inside.
agent() {
	cat >agent.yaml <<-END
		server: {url: "$URL", ca: ca.pem, secret_file: ci.secret}
		state: run
		projections: [{service_account: demo/app, $1}]
	END
	rm -rf run/*
}
# project SETPRIV-OPTION... - has it write the token once.
project() {
	(umask "${UMASK:-077}" && somebody "$AGENT_UID" "$@" -- "$AGENT" -c agent.yaml once --wait 0) >agent.log 2>&1
}
# with_chown CMD... - CMD, in which somebody has CAP_CHOWN, and nothing else.
with_chown() {
	RIGHTS=-all,+chown
	"$@"
	with_chown_status=$?
	RIGHTS=-all
	return "$with_chown_status"
}
# whose FILE - its owner, group and mode.
whose() {
	stat -L -c '%u:%g %a' "$1" 2>&1
}

agent 'directory: run/own'
UMASK=022
ok "its own file takes no right" project --clear-groups
is "and is its own" "$(whose run/own/token)" "$AGENT_UID:$AGENT_UID 640"
UMASK=077
not_ok() { ! "$@"; }
ok "nobody else can lock its state, and keep it from starting" \
	not_ok somebody "$OTHER" --clear-groups -- flock -n run/lock true
somebody "$OTHER" --clear-groups -- "$AGENT" -c agent.yaml status >out 2>err
is "who sees the status, but cannot see whether it runs" $? 1
like "is told so" "$(cat err)" '^issuer-agent: only root and the user who runs issuer-agent can tell'
like "below the table" "$(cat out)" '^demo/app .* fresh '
somebody "$AGENT_UID" --clear-groups -- "$AGENT" -c agent.yaml status >out 2>err
is "who can see that it does not, is told that" $? 4

agent "directory: run/group, group: '$GROUP'"
ok "a file for a group that it is in takes none either" project --groups "$GROUP"
is "and is that group's" "$(whose run/group/token)" "$AGENT_UID:$GROUP 640"
ok "who can read it, whatever the umask was" \
	somebody "$OTHER" --groups "$GROUP" -- cat run/group/token
ok "and nobody else" not_ok somebody "$OTHER" --clear-groups -- cat run/group/token

agent "directory: run/group, group: '$GROUP'"
project --clear-groups
is "one for another group does" $? 1
like "and it says which" "$(cat agent.log)" 'takes root or CAP_CHOWN'
is "and leaves nothing" "$(find run -name '*token*')" ""

for place in 'directory: run/other' 'path: run/plain'; do
	file=${place#*: }
	[ "$file" = run/plain ] || file=$file/token
	agent "$place, owner: '$OTHER', group: '$GROUP', mode: '0400'"
	project --clear-groups
	is "$file for another user takes a right" $? 1
	agent "$place, owner: '$OTHER', group: '$GROUP', mode: '0400'"
	ok "and CAP_CHOWN is all" with_chown project --clear-groups
	is "and it is his" "$(whose "$file")" "$OTHER:$GROUP 400"
	ok "whom it is for can read it" somebody "$OTHER" --clear-groups -- cat "$file"
	ok "and the agent itself can replace it" with_chown project --clear-groups
done
done_testing
