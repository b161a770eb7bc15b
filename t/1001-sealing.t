#!/bin/sh
# The sealing key: no command may add keys under another one than the store's own, because then no
# single sealing key would open the store any more.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
clock_set 1900000000
issuer_make
demo
keys() { issuerctl key list -o json | jq -c '[.[] | [.generation, .activate_at]]'; }
BEFORE=$(keys)

mv state/sealing.key good.key
exits "init does not make another for keys that are sealed" 1 issuerctl init
like "it says what to do" "$(cat .output)" "sealing key '.*' is missing; restore it"
ok "and has made none" test ! -e state/sealing.key
exits "no key is made without it" 1 issuerctl key rotate --now --accept-verifier-outage
like "it says so" "$(cat .output)" "could not open .*sealing.key"
head -c 32 /dev/urandom >state/sealing.key
chmod 600 state/sealing.key
clock_forward $((31 * 86400)) # a rotation is due
for command in "init" "key rotate" "key rotate --dry-run" "token create demo/app"; do
	# shellcheck disable=SC2086 # words
	exits "$command refuses a wrong one" 1 issuerctl $command
	like "$command says so" "$(cat .output)" 'does not open with this sealing key'
done
clock_forward $((-31 * 86400))
is "no key was added or moved" "$(keys)" "$BEFORE"
mv good.key state/sealing.key
ok "with the right one back all is well" issuerctl token create demo/app
issuer_start
is "for the daemon, too" "$(ask_token demo app "$AWS")" 201
issuer_stop

# A thief does not wait for the sealing key: what needs none is done, and the rest when it is back.
ACTIVE=$(issuerctl key list -o json | jq -r '.[] | select(.state == "active") | .kid')
mv state/sealing.key good.key
ok "a key can be revoked without it" issuerctl key revoke --reason "lost" --yes -- "$ACTIVE"
like "there is no standby then, and it says so" "$(cat .output)" "warning: there is no standby"
is "the standby signs" "$(issuerctl key list -o json | jq -c '[.[] | .state]')" '["revoked","active"]'
exits "the last one cannot be" 3 issuerctl key revoke --reason "lost" --yes -- "$(issuerctl key list -o json 2>/dev/null | jq -r '.[1].kid')"
mv good.key state/sealing.key
issuer_start
is "with it back all is well" "$(ask_token demo app "$AWS")" 201
has_standby() { [ "$(issuerctl key list -o json | jq -c '[.[] | .state]')" = '["revoked","active","standby"]' ]; }
ok "and a standby is made" until_true has_standby
issuer_stop

# Where systemd puts it.
mkdir credentials
mv state/sealing.key credentials/
CREDENTIALS_DIRECTORY=$WORK/credentials
export CREDENTIALS_DIRECTORY
issuer_start
is "it is found in \$CREDENTIALS_DIRECTORY" "$(ask_token demo app "$AWS")" 201
done_testing
