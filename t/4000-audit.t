#!/bin/sh
# The audit: what each record says, finding it again, proving that nobody touched it, handing it on,
# and letting the old part go.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
NOW=1900000000
HOUR=3600
DAY=86400
clock_set $NOW
issuer_make 'tokens: {max_lifetime: 1h}'
demo
issuer_start

list() {
	issuerctl audit list -o json "$@" >found 2>err
	[ ! -s err ] || diag "$(cat err)"
}
field() { jq -r ".[-1].$1" found; }

# ---- what a record says ----
is "a token is minted" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":7200}}' -H 'User-Agent: tool/1.0')" 201
TOKEN=$(token_of)
JTI=$(claims "$TOKEN" | jq -r .jti)
SUBJECT=system:serviceaccount:demo:app
list --jti "$JTI"
is "its jti leads to its record, and to no other" "$(jq length found)" 1
is "it says what, whom for, how long, why, and by whom asked" "$(jq -cS '.[0] | del(.peer, .kid, .seq)' found)" \
	"{\"actor\":\"ci\",\"agent\":\"tool/1.0\",\"asked_s\":7200,\"audience\":[\"sts.amazonaws.com\"],\"auth\":\"secret\",\"bound\":null,\"detail\":null,\"event\":\"token.issued\",\"expires_at\":\"2030-03-17T18:46:40Z\",\"jti\":\"$JTI\",\"lifetime_s\":3600,\"outcome\":\"ok\",\"rule\":\"grant 1\",\"subject\":\"$SUBJECT\",\"time\":\"2030-03-17T17:46:40Z\"}"
like "from where" "$(field peer)" '^127\.0\.0\.1:[0-9]+$'
is "and by which key" "$(field kid)" "$(kid_of active)"
clock_forward 60
is "another is refused" "$(ask_token demo app '{"spec":{"audiences":["vault"],"expirationSeconds":900}}')" 403
list --event token.refused
is "that is a record, too" "$(jq -cS '.[0] | [.actor, .auth, .subject, .audience, .asked_s, .lifetime_s, .rule, .outcome]' found)" \
	"[\"ci\",\"secret\",\"$SUBJECT\",[\"vault\"],900,null,\"grants\",\"Forbidden\"]"
like "with the reason" "$(field detail)" 'no grant covers audience "vault"$'

# ---- finding ----
while read -r want options; do
	# shellcheck disable=SC2086 # options are words
	list $options
	is "audit list $options finds $want" "$(jq -r 'map(.event) | join(" ")' found)" "$(echo "$want" | tr , ' ')"
done <<END
token.issued,token.refused --subject $SUBJECT --client ci
token.refused --subject $SUBJECT --since 2030-03-17T17:47:00Z --client ci
token.issued --subject $SUBJECT --until 2030-03-17T17:47:00Z --client ci
token.refused --subject $SUBJECT --since 30s
token.issued --kid $(kid_of active) --event token.issued
token.refused --limit 1
grant.added,token.issued,token.refused --limit 3
END
is "nothing is found of nobody" "$(issuerctl audit list --subject nobody -o json)" '[]'
is "a table has a title and a line each" "$(issuerctl audit list --client ci | sed 's/  .*//' | tr '\n' ' ')" \
	"TIME 2030-03-17T17:46:40Z 2030-03-17T17:47:40Z "
is "with -o jsonl each is a line" "$(issuerctl audit list --client ci -o jsonl | jq -r .event | tr '\n' ' ')" "token.issued token.refused "
is "with -o name its number is" "$(issuerctl audit list --jti "$JTI" -o name)" "$(issuerctl audit list --jti "$JTI" -o json | jq '.[0].seq')"
one_line "a time that is none" 2 '^issuerctl: --since: ' issuerctl audit list --since yesterday
one_line "a time before the other" 2 'since must be before --until$' issuerctl audit list --since 1m --until 2m
one_line "no limit at all" 2 '^issuerctl: --limit: ' issuerctl audit list --limit 0
unlike "no record holds the secret or a token" "$(issuerctl audit export)" "$(cat ci.secret)|$TOKEN"

# ---- following ----
"$BUILDDIR/t/issuerctl-test" -c "$CONF" audit follow --client ci -o json >followed &
FOLLOW=$!
stop_on_exit $FOLLOW
lines() { [ "$(wc -l <followed)" -ge "$1" ]; }
ok "audit follow begins with the last records" until_true lines 2
ask_token demo app "$AWS" >/dev/null
ok "and goes on with what happens" until_true lines 3
is "in lines of JSON" "$(tail -n 1 followed | jq -r .jti)" "$(claims "$(token_of)" | jq -r .jti)"
ok "until it is told to stop" stop $FOLLOW

# ---- proof ----
verify() { issuerctl audit verify -o json >verified 2>err; }
ok "the audit is whole" verify
is "all records are counted" "$(jq .records verified)" "$(audit 1)"
is "no head is signed yet" "$(jq -c '[.checkpoints, .signed_up_to]' verified)" '[0,0]'
clock_forward $HOUR
signed() { [ "$(audit "event='audit.checkpoint'")" = "${1:-1}" ]; }
ok "after an hour the head is signed" until_true signed
HEAD=$(($(audit 1) - 1))
ok "which is proof" verify
is "of all that was before" "$(jq -c '[.checkpoints, .signed_up_to]' verified)" "[1,$HEAD]"
CHECKPOINT=$(sqlite3 -readonly state/issuer.db "SELECT detail FROM audit WHERE event='audit.checkpoint'")
is "the statement is a JWS" "$(claims "$CHECKPOINT" | jq -c '.audit | [.event, .issuer, .seq]')" "[\"audit.checkpoint\",\"main\",$HEAD]"
verifies "$CHECKPOINT" >out 2>&1
is "that nobody takes for a token" $? 4
AUTH="Authorization: Bearer $CHECKPOINT" ask_token demo app "$AWS" >status
is "not even we" "$(cat status)" 401
is "something is recorded" "$(ask_token demo app '{"spec":{"audiences":["vault"]}}')" 403
clock_forward $HOUR
ok "and signed within the hour" until_true signed 2
issuer_stop
is "the end of the daemon is signed, if there is anything new" "$(audit "event='audit.checkpoint'")" 2
issuer_start
ask_token demo app "$AWS" >/dev/null
issuer_stop
is "now there was" "$(audit "event='audit.checkpoint'")" 3
ok "and all is proven" verify

# ---- tampering: with the sqlite3 shell, as whoever can write the file would ----
rm -f whole.db; sqlite3 state/issuer.db '.backup whole.db'
tampered() { # DESC PATTERN SQL
	rm -f state/issuer.db-wal state/issuer.db-shm
	cp whole.db state/issuer.db
	sqlite3 state/issuer.db "$3" || bail "sqlite3"
	one_line "$1" 4 "$2" issuerctl audit verify
}
N=$(sqlite3 whole.db "SELECT seq FROM audit WHERE jti='$JTI'")
tampered "a changed record is named" "^issuerctl: audit record $N of 'main' does not follow from record $((N - 1))" \
	"UPDATE audit SET subject='system:serviceaccount:demo:other' WHERE seq=$N"
for member in at=at+1 "event='token.refused'" "actor='x'" "auth='certificate'" "peer='x'" "agent='x'" \
	"audience='[]'" asked=1 lifetime=1 "bound='pod x'" "rule='grant 2'" "jti='x'" "kid='x'" exp=exp+1 \
	"outcome='x'" "detail=''" "hash=zeroblob(32)" "hash=x''"; do
	tampered "also if only ${member%%=*} was" "audit record $N of " "UPDATE audit SET $member WHERE seq=$N"
done
tampered "also if something is put behind the end of a text" "audit record $N of " \
	"UPDATE audit SET subject=subject || char(0) || ', and others' WHERE seq=$N"
tampered "a removed record is missed" "audit record $((N + 1)) of 'main' does not follow from record $((N - 1))" \
	"DELETE FROM audit WHERE seq=$N"
tampered "two that changed places" "audit record $N of " \
	"UPDATE audit SET seq=-1 WHERE seq=$N; UPDATE audit SET seq=$N WHERE seq=$N+1; UPDATE audit SET seq=$N+1 WHERE seq=-1"
tampered "two whose members changed places" "audit record $N of " \
	"CREATE TEMP TABLE a AS SELECT * FROM audit WHERE seq=$N;
	UPDATE audit SET (jti, exp, hash) = (SELECT jti, exp, hash FROM audit WHERE seq=$N+1) WHERE seq=$N;
	UPDATE audit SET (jti, exp, hash) = (SELECT jti, exp, hash FROM a) WHERE seq=$N+1"
tampered "a record put in between" "audit record $((N + 1)) of " \
	"UPDATE audit SET seq=-seq WHERE seq>$N; UPDATE audit SET seq=1-seq WHERE seq<0;
	INSERT INTO audit SELECT $N+1, issuer, at, event, actor, auth, peer, agent, subject, audience, asked, lifetime, bound, rule, jti, kid, exp, outcome, detail, hash FROM audit WHERE seq=$N"
tampered "a record put at the end" "audit record [0-9]+ of 'main' does not follow" \
	"INSERT INTO audit SELECT (SELECT max(seq)+1 FROM audit), issuer, at, event, actor, auth, peer, agent, subject, audience, asked, lifetime, bound, rule, 'x', kid, exp, outcome, detail, hash FROM audit WHERE seq=$N"
tampered "records that got other numbers" "audit record $HEAD, which was signed, is not there" \
	"UPDATE audit SET seq=-seq WHERE seq>$N; UPDATE audit SET seq=1000-seq WHERE seq<0; UPDATE issuer SET audit_seq=audit_seq+1000"
tampered "all of them taken out" "^issuerctl: the audit of 'main' ends with record 0, but its last was " "DELETE FROM audit"
tampered "one taken out, with another in its place" "audit record $N of " \
	"DELETE FROM audit WHERE seq=$N; UPDATE audit SET seq=$N WHERE seq=$N+1"
tampered "the last ones cut off" "ends with record $N, but its last was " "DELETE FROM audit WHERE seq>$N"
tampered "cut off with the head moved back" "is not the one that was written" \
	"DELETE FROM audit WHERE seq>$N; UPDATE issuer SET audit_seq=$N"
tampered "the first ones taken out" "audit record 3 of 'main' does not follow from record 0" "DELETE FROM audit WHERE seq<3"
tampered "and the beginning moved" 'no signed prune record says why' \
	"UPDATE issuer SET base_seq=2, base_hash=(SELECT hash FROM audit WHERE seq=2); DELETE FROM audit WHERE seq<3"
tampered "a statement that no key has signed" "no key of this issuer has signed it" \
	"DELETE FROM signing_key WHERE kid=(SELECT kid FROM audit WHERE event='audit.checkpoint' LIMIT 1)"
rm -f state/issuer.db-wal state/issuer.db-shm
cp whole.db state/issuer.db
sqlite3 state/issuer.db "UPDATE audit SET agent=CAST(x'80' AS TEXT) WHERE seq=$N"
is "a record that is no UTF-8 any more is listed all the same" "$(issuerctl audit list --jti "$JTI" -o json | jq -c 'map(.agent)')" '["?"]'
is "and exported with those behind it" "$(issuerctl audit export 2>&1 | wc -l | tr -d ' ')" "$(audit 1)"
# A whole chain written anew, as a program with the file and without the keys can.
cat >rewrite.py <<'PY'
import hashlib, sqlite3, struct, sys
db = sqlite3.connect(sys.argv[1])
NONE = struct.pack(">Q", 2**64 - 1)
def text(s): return NONE if s is None else struct.pack(">Q", len(s.encode())) + s.encode()
def number(n): return NONE if n is None else struct.pack(">Qq", 8, n)
db.execute("UPDATE audit SET subject='system:serviceaccount:demo:other' WHERE seq=?", [sys.argv[2]])
h = bytes(32)
for r in db.execute("SELECT seq, at, event, actor, auth, peer, agent, subject, audience, asked, lifetime, bound, rule, jti, kid, exp, outcome, detail FROM audit ORDER BY seq").fetchall():
    c = h + text("main") + number(r[1])
    c += b"".join(map(text, r[2:9])) + number(r[9]) + number(r[10]) + b"".join(map(text, r[11:15]))
    h = hashlib.sha256(c + number(r[15]) + text(r[16]) + text(r[17])).digest()
    db.execute("UPDATE audit SET hash=? WHERE seq=?", [h, r[0]])
db.execute("UPDATE issuer SET audit_hash=?", [h])
db.commit()
PY
rm -f state/issuer.db-wal state/issuer.db-shm
cp whole.db state/issuer.db
/usr/bin/python3 rewrite.py state/issuer.db "$N"
one_line "a chain that was written anew does not fit the checkpoints" 4 "audit record $HEAD is not what it was when record $((HEAD + 1)), which is signed, was written" issuerctl audit verify
cp whole.db state/issuer.db
ok "the store as it was is whole again" verify

# ---- export ----
issuerctl audit export --cursor cursor >exported
is "all is exported" "$(wc -l <exported | tr -d ' ')" "$(audit 1)"
is "once" "$(issuerctl audit export --cursor cursor)" ""
# An end that was cut off together with the head, checkpoints and all, is missed by who kept a cursor.
sqlite3 state/issuer.db "DELETE FROM audit WHERE seq>$N;
	UPDATE issuer SET audit_seq=$N, audit_hash=(SELECT hash FROM audit WHERE seq=$N)"
one_line "an end that was cut off with the head" 1 'is gone' issuerctl audit export --cursor cursor
rm -f state/issuer.db-wal state/issuer.db-shm
cp whole.db state/issuer.db
issuer_start
ask_token demo app "$AWS" >/dev/null
is "then what is new" "$(issuerctl audit export --cursor cursor | jq -r .jti)" "$(claims "$(token_of)" | jq -r .jti)"
is "without a cursor it is all" "$(issuerctl audit export | wc -l | tr -d ' ')" "$(audit 1)"
cp cursor good.cursor
echo nonsense >cursor
one_line "what is no cursor" 1 "'cursor' is no cursor of audit export" issuerctl audit export --cursor cursor
sed 's/ .*/ 0000000000000000000000000000000000000000000000000000000000000000/' good.cursor >cursor
one_line "a cursor at a record that is another now" 4 'is not the one that was exported' issuerctl audit export --cursor cursor
cp good.cursor cursor
issuerctl audit export >/dev/full 2>err
is "what cannot be printed" $? 1
is "does not move the cursor" "$(issuerctl audit export --cursor cursor >/dev/full 2>&1; cat cursor)" "$(cat good.cursor)"

# ---- prune ----
one_line "without --before nothing is taken out" 2 'before must be given' issuerctl audit prune
clock_forward $((2 * DAY))
until_true signed 4 # the clock is looked at; what it is is committed
is "nothing is so old" "$(issuerctl audit prune --before 3d -o json | jq -c .)" '{"pruned":0,"up_to":null}'
ask_token demo app "$AWS" >/dev/null
ALIVE=$(sqlite3 -readonly state/issuer.db "SELECT max(seq) FROM audit WHERE event='token.issued'")
like "a dry run says what would be" "$(issuerctl audit prune --before 1d --dry-run)" '^would take the audit records up to [0-9]+ out$'
is "and takes nothing" "$(audit "seq=1")" 1
OLD=$(audit "at < $NOW + $DAY")
issuerctl audit prune --before 1d -o json >pruned
is "what is older goes" "$(jq .pruned pruned)" "$OLD"
is "a record says so" "$(issuerctl audit list --event audit.pruned -o json | jq -r '.[0].actor' | sed 's/ .*//')" "uid:$(id -u)"
ok "what is left is proven" verify
is "from there on" "$(jq .pruned_up_to verified)" "$(jq .up_to pruned)"
ok "db check agrees" issuerctl db check
sqlite3 -cmd '.timeout 5000' state/issuer.db "INSERT INTO audit SELECT 1, issuer, at + $DAY, event, actor, auth, peer, agent, subject, audience, asked, lifetime, bound, rule, 'forged', kid, exp, outcome, detail, hash FROM audit WHERE seq=$ALIVE"
is "what is put there instead is not shown" "$(issuerctl audit list --jti forged -o name)$(issuerctl audit export | grep forged)" ""
ok "nor is it where the audit begins" verify
issuerctl audit prune --before 0s -o json >pruned
ok "a token that lives keeps its record" test "$(jq ".up_to // 0" pruned)" -lt "$ALIVE"
is "the daemon goes on" "$(ask_token demo app "$AWS")" 201
ok "and the chain with it" verify
is "an export that slept through it" "$(issuerctl audit export --cursor cursor 2>err; echo $?)" 1
like "is told" "$(cat err)" 'is gone \(pruned\?\)'
issuer_stop
rm -f whole.db; sqlite3 state/issuer.db '.backup whole.db'
tampered "without its statement a prune is a theft" 'does not follow|no signed prune record' \
	"DELETE FROM audit WHERE event='audit.pruned'"
cp whole.db state/issuer.db

# ---- signers that never live for an hour ----

issuer_start
is "a token" "$(ask_token demo app "$AWS")" 201
# The signer first, or it signs as it ends; and the daemon must not start another.
kill -STOP "$DAEMON" && kill -KILL "$(signer_pid)" && kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
signed=$(audit "event='audit.checkpoint'")
clock_forward 3601
issuer_start
one_more_signed() { [ "$(audit "event='audit.checkpoint'")" -gt "$signed" ]; }
ok "the next one signs what the last one left" until_true one_more_signed
ok "and all is proven" verify
issuer_stop
done_testing
