#!/bin/sh
# issuerd's own command line: checking and printing a configuration, and what it says of a bad one.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
PORT=8443
conf_write

# bad DESC LINE PATTERN [SED] - the configuration, changed by SED, is refused at LINE.
bad() {
	sed "$4" "$CONF" >bad.yaml
	"$BUILDDIR/t/issuerd-test" -c bad.yaml -t >out 2>err
	is "$1: status" $? 1
	like "$1: says so, with file and line" "$(cat err)" "^issuerd: bad.yaml:$2: .*$3"
	is "$1: in one line" "$(wc -l <err | tr -d ' ')" 1
}

ok "-t accepts a good one" issuerd -t
like "and says so" "$(issuerd -t)" 'is good$'
issuerd -T >dump.yaml
ok "-T prints what is in force" test -s dump.yaml
like "defaults filled in" "$(cat dump.yaml)" 'rotation_period: 30d'
ok "what it prints is a configuration" "$BUILDDIR/t/issuerd-test" -c dump.yaml -t
is "which prints as itself" "$("$BUILDDIR/t/issuerd-test" -c dump.yaml -T)" "$(cat dump.yaml)"
ok "the sample is good" "$BUILDDIR/t/issuerd-test" -c "$SRCDIR/conf/issuerd.yaml" -t
ok "ISSUERD_CONFIG names it, too" env ISSUERD_CONFIG="$CONF" "$BUILDDIR/t/issuerd-test" -t

bad "an unknown key" 4 "unknown key 'stor'.*store" 's/^store:/stor:/'
bad "a key twice" 5 "sealing_key" 's/^store:.*/sealing_key: x/'
bad "a list for a word" 4 'store' 's/^store:.*/store: [a]/'
bad "no https" 3 'https' 's/https:/http:/'
bad "a slash at the end of the URL" 3 'slash' 's|\(url: .*\)|\1/|'
bad "an unknown service" 8 "serves" 's/public, api/public, apy/'
bad "an API in the clear" '[0-9]+' 'tls' 's/^    tls:.*//; s/localhost:8443$/192.0.2.1:8443/'
bad "YAML that is none" '[0-9]+' '' 's/^store:/	store: [/'
for setting in 'keys: {rotation_period: 1h}' 'keys: {rsa_bits: 1024}' 'keys: {algorithm: HS256}' \
	'keys: {max_age: 5 minutes}' 'tokens: {max_lifetime: 9m}' 'tokens: {backdate: 6m}' \
	'limits: {body_bytes: 1}' 'log_level: loud' 'tokens: {audiences: [""]}'; do
	conf_write "$setting"
	bad "$setting" 12 '' ''
done

exits "no file" 1 "$BUILDDIR/t/issuerd-test" -c nowhere.yaml -t
exits "an unknown option" 2 issuerd --foo
exits "an argument" 2 issuerd x
exits "a ready descriptor that is not open" 2 issuerd -R 17
ok "--help" issuerd --help
like "--version" "$(issuerd --version)" '^issuerd [0-9]'
done_testing
