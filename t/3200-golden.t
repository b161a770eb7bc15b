#!/bin/sh
# The golden replay: what a real kube-apiserver answered, and what we answer. Nothing may differ
# but on purpose, and each purpose has its row in doc/kubernetes.md.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/tap.sh
. "${SRCDIR:-.}/t/lib/tap.sh"
GOLDEN=$SRCDIR/t/data/golden
DOC=$SRCDIR/doc/kubernetes.md

replay() { "$SRCDIR/t/golden-replay" "$@" >out 2>err; }

# verdict DIR NAME - of the only exchange in DIR/NAME.jsonl.
verdict() {
	replay "$1" "$2"
	head -n 1 out
}

# doctored NAME ID PYTHON - a recording of one exchange, changed: `e` is its record.
doctored() {
	mkdir -p doctored
	/usr/bin/python3 - "$GOLDEN/$1.jsonl" "$2" "$3" >doctored/one.jsonl <<'PY'
import json
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    e = json.loads(line)
    if e["id"] == sys.argv[2]:
        exec(sys.argv[3])
        print(json.dumps(e))
PY
}

replay "$GOLDEN"
is "nothing differs but on purpose" $? 0 || diag "$(grep -a -A 9 'differs$' out | head -n 40)"
is "nothing is said on standard error" "$(cat err)" ""
like "it says how much it compared" "$(tail -n 1 out)" \
	'^498 exchanges: [0-9]+ same, [0-9]+ differ on purpose, 0 differ, 5 left out$'

# Every departure is documented, and every documented one is made.
sed -n 's/^@rule("\(.*\)")$/\1/p' "$SRCDIR/t/golden/departures.py" | sort >rules
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^## Departures/,/^## /s/^| `\([a-z0-9-]*\)` |.*/\1/p' "$DOC" | sort >rows
is "the table of doc/kubernetes.md has a row for each rule, and no other" \
	"$(cat rows)" "$(cat rules)"

# It can fail: in each member that it looks at.
doctored b4-tokenrequest-bound node-missing 'pass'
like "alone, an exchange is the same" "$(verdict doctored one)" 'same$'
while read -r what exchange change; do
	doctored "${exchange%%/*}" "${exchange#*/}" "$change"
	like "another $what differs" "$(verdict doctored one)" 'differs$'
done <<'EOF'
status b4-tokenrequest-bound/node-missing e["response"]["status_line"] = "HTTP/1.1 409 Conflict"
reason b4-tokenrequest-bound/node-missing e["response"]["body"] = e["response"]["body"].replace('"NotFound"', '"Conflict"')
detail b4-tokenrequest-bound/node-missing e["response"]["body"] = e["response"]["body"].replace('"nodes","name"', '"node","name"').replace('"kind":"nodes"', '"kind":"node"')
field b1-tokenrequest-spec/exp-599 e["response"]["body"] = e["response"]["body"].replace('"spec.expirationSeconds"', '"spec.x"')
warning b2-tokenrequest-envelope/json-unknown-top e["response"]["headers"] = [h for h in e["response"]["headers"] if h[0] != "Warning"]
type b1-tokenrequest-spec/aud-one e["response"]["headers"] = [["Content-Type", "text/html"] if h[0] == "Content-Type" else h for h in e["response"]["headers"]]
member b1-tokenrequest-spec/aud-one e["response"]["body"] = e["response"]["body"].replace('"boundObjectRef":null', '"boundObjectRef":{}')
group c-tokenreview/valid e["response"]["body"] = e["response"]["body"].replace('system:serviceaccounts:default', 'system:x')
EOF
doctored b1-tokenrequest-spec aud-one 'b = json.loads(e["response"]["body"]); h, p, s = b["status"]["token"].split("."); import base64; c = json.loads(base64.urlsafe_b64decode(p + "==")); c["sub"] += "x"; b["status"]["token"] = ".".join([h, base64.urlsafe_b64encode(json.dumps(c).encode()).decode().rstrip("="), s]); e["response"]["body"] = json.dumps(b)'
like "another claim differs" "$(verdict doctored one)" 'differs$'

# A token may be refused in other words than theirs, but for the same reason.
while IFS='|' read -r exchange said; do
	doctored c-tokenreview "$exchange" \
		"b = json.loads(e['response']['body']); b['status']['error'] = '[invalid bearer token, $said]'; e['response']['body'] = json.dumps(b)"
	like "$exchange for another reason differs: $said" "$(verdict doctored one)" 'differs$'
done <<'EOF'
expired|service account token is not valid yet
nbf-future-3600|service account token has expired
valid-aud-wrong|service account token has expired
tampered-sig|invalid signature, no keys found
unknown-kid|go-jose/go-jose: error in cryptographic primitive
garbage|service account token has expired
expired|something that nobody has heard of
EOF

# What is wrong with its arguments.
replay nowhere
is "a folder that is not there is refused" $? 1
like "and it says how to call it" "$(cat err)" '^usage: golden-replay DIR'
mkdir empty
replay empty
like "so is one without recordings" "$?$(cat err)" '^1golden-replay: there is no \*\.jsonl in empty$'
done_testing
