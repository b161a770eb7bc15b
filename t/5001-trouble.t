#!/bin/sh
# What can be wrong with the machine around it: one line that names the thing and the way out, a
# status that is not zero, and nothing damaged.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"

# trouble DESC PATTERN CMD... - CMD fails with status 1 and one line on standard error.
trouble() {
	trouble_desc=$1 trouble_pattern=$2
	shift 2
	"$@" >out 2>err </dev/null
	is "$trouble_desc: status" $? 1
	like "$trouble_desc: it says so" "$(cat err)" "$trouble_pattern"
	is "$trouble_desc: in one line" "$(grep -vc '^ts=' err)" 1
}
store_is_sound() { [ "$(sqlite3 -readonly state/issuer.db 'PRAGMA integrity_check')" = ok ]; }

PORT=$(port_random)
certificates
conf_write
trouble "no store" "there is no store at '.*issuer.db'; run: issuerctl -c .* init" issuerd
trouble "no store for issuerctl" 'run: issuerctl -c .* init' issuerctl key list
ok "init" issuerctl init
is "the store is for its owner alone" "$(stat -c %a state/issuer.db)" 600
is "so is the sealing key" "$(stat -c '%a %s' state/sealing.key)" "600 32"
ok "init again changes nothing" issuerctl init
is "nor does it make keys" "$(issuerctl key list -o json | jq length)" 2

# ---- the port ----
issuer_start
FIRST=$DAEMON
trouble "the port is taken" "localhost:$PORT': the address is in use" issuerd
is "the first one still serves" "$(request "$URL/openid/v1/jwks")" 200
stop "$FIRST"

# ---- certificates ----
mv tls/server.pem tls/away
trouble "no certificate" "could not open '.*server.pem': No such file" issuerd
echo nonsense >tls/server.pem
trouble "a certificate that is none" 'certificate and key' issuerd
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out tls/server.pem -subj /CN=x -days 1 2>/dev/null
trouble "a certificate of another key" 'certificate and key' issuerd
mv tls/away tls/server.pem
chmod 640 tls/server.key
chown "$(id -u):1" tls/server.key 2>/dev/null
trouble "a key that others can read" "mode 0640, so others can read it; run: chmod 600" issuerd
chmod 600 tls/server.key

# ---- the sealing key ----
mv state/sealing.key good.key
trouble "no sealing key" "sealing key: could not open" issuerd
head -c 32 /dev/urandom >state/sealing.key
chmod 600 state/sealing.key
trouble "another sealing key" 'does not open with this sealing key; restore' issuerd
demo
trouble "another sealing key for an admin's token" 'does not open with this sealing key' issuerctl token create demo/app
head -c 31 good.key >state/sealing.key
trouble "a short sealing key" 'has 31 bytes; it must have 32' issuerd
cp good.key state/sealing.key
chmod 644 state/sealing.key
trouble "a sealing key that others can read" "chmod 600 '.*sealing.key'" issuerd
mv good.key state/sealing.key
chmod 600 state/sealing.key

# ---- the store ----
ok "the store is sound after all that" store_is_sound
cp -r state kept
sqlite3 state/issuer.db 'PRAGMA user_version = 99'
trouble "a store of a newer version" 'version 99.*upgrade' issuerd
trouble "a newer store for issuerctl" 'version 99.*upgrade' issuerctl sa create a/b
rm -rf state && cp -r kept state
sqlite3 foreign.db 'CREATE TABLE x (y)' && cp foreign.db state/issuer.db && rm -f state/issuer.db-*
chmod 600 state/issuer.db
trouble "somebody else's database" 'issuer.db' issuerd
head -c 8192 /dev/urandom >state/issuer.db
trouble "no database at all" 'issuer.db' issuerd
rm -rf state && cp -r kept state
sed -i "s|^    url: .*|    url: https://elsewhere.example|" "$CONF"
trouble "another URL" "has the URL '$URL' in the store, but 'https://elsewhere.example'" issuerd
conf_write

# A writer that does not let go: readers are not hurt, writers are told.
issuer_start
mkfifo hold
sqlite3 -cmd '.timeout 5000' state/issuer.db <hold >held 2>&1 &
stop_on_exit $!
exec 4>hold
printf 'BEGIN EXCLUSIVE; SELECT 1;\n' >&4
until_true [ -s held ]
trouble "a locked store" 'locked' issuerctl sa create a/b
is "a token request is put off" "$(ask_token demo app "$AWS")" 503
is "with Retry-After" "$(header Retry-After)" 1
is "the JWKS does not care" "$(request "$URL/openid/v1/jwks")" 200
printf 'ROLLBACK;\n' >&4
exec 4>&-
is "once it is free tokens flow again" "$(ask_token demo app "$AWS")" 201

# ---- a full disk ----
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
	issuer_stop
	mkdir full
	cat >full.sh <<'EOF'
mount -t tmpfs -o size=600k none full && cp -r state/. full/ && sed 's|state/|full/|' "$CONF" >full.yaml &&
	issuerctl="$BUILDDIR/t/issuerctl-test -c full.yaml" || exit 9
head -c 10M /dev/zero >full/filler 2>/dev/null
$issuerctl sa create full/up 2>full.err
echo "$?" >full.status
rm -f full/filler
$issuerctl sa create full/up >/dev/null 2>&1
echo "$?" >after.status
sqlite3 -readonly full/issuer.db 'PRAGMA integrity_check' >after.check
EOF
	CONF=$CONF unshare --mount sh full.sh
	is "a full disk: status" "$(cat full.status)" 1
	like "a full disk: it says so" "$(cat full.err)" 'full'
	is "once there is room it works again" "$(cat after.status)" 0
	is "and nothing is damaged" "$(cat after.check)" ok
else
	skip 4 "a full disk: not root, or no mount namespaces; the unit tests have it"
fi
ok "the store is sound at the end" store_is_sound
done_testing
