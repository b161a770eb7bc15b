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

# Departures that no recording shows: what is asked is changed, their answer stays.
while IFS='|' read -r rule exchange change; do
	doctored "${exchange%%/*}" "${exchange#*/}" "$change"
	like "it is $rule" "$(verdict doctored one)" "on purpose \\($rule\\)\$"
done <<'EOF'
huge-numbers|b1-tokenrequest-spec/aud-one|e["request"]["body"] = '{"zed":1e400,' + e["request"]["body"][1:]
huge-numbers|b1-tokenrequest-spec/aud-one|e["request"]["body"] = '{"zed":99999999999999999999,' + e["request"]["body"][1:]
quality-zero|b1-tokenrequest-spec/aud-one|e["request"]["headers"] = [h for h in e["request"]["headers"] if h[0] != "Accept"] + [["Accept", "application/json;q=0"]]
request-ids|b1-tokenrequest-spec/aud-one|i = "x" * 100; e["request"]["headers"].append(["Audit-Id", i]); e["response"]["headers"] = [h for h in e["response"]["headers"] if h[0] != "Audit-Id"] + [["Audit-Id", i]]
EOF

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

# A departure is excused as its row says it, and no further. They are of one server.
mkdir -p changed
: >changed.wanted
while IFS='|' read -r exchange wanted change; do
	doctored "${exchange%%/*}" "${exchange#*/}" "
def header(part, name, *values):
    kept = [h for h in e[part]['headers'] if h[0] != name]
    e[part]['headers'] = kept + [[name, value] for value in values]
def ask(text):
    e['request']['body'] = text
    header('request', 'Content-Length', str(len(text)))
e['id'] = '$(grep -c . changed.wanted)'
$change"
	cat doctored/one.jsonl >>changed/rows.jsonl
	echo "$exchange $wanted" >>changed.wanted
done <<'EOF'
b1-tokenrequest-spec/exp-null|same|pass
b1-tokenrequest-spec/exp-601|same|pass
b1-tokenrequest-spec/exp-2p31|same|pass
b1-tokenrequest-spec/exp-86400|same|pass
b3-tokenrequest-http/pb-pb|on purpose (json-only)|header("request", "Accept", "application/vnd.kubernetes.protobuf,application/json")
b3-tokenrequest-http/pb-pb|differs|header("request", "Accept", "application/vnd.kubernetes.protobuf,application/json"); e["jwt"]["payload"]["aud"] = ["x"]
b3-tokenrequest-http/pb-pb|differs|header("response", "Content-Type", "text/html")
b3-tokenrequest-http/accept-yaml|on purpose (json-only)|header("request", "Accept", "application/yaml, application/json;q=0.5")
b3-tokenrequest-http/accept-yaml|differs|header("request", "Accept", "application/yaml, application/json"); header("response", "Warning", '299 - "x"')
b1-tokenrequest-spec/aud-one|on purpose (views)|header("request", "Accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"); e["response"]["body"] = e["response"]["body"].replace('"TokenRequest"', '"PartialObjectMetadata"')
b1-tokenrequest-spec/aud-one|differs|header("request", "Accept", "text/html"); e["response"]["body"] = e["response"]["body"].replace('"TokenRequest"', '"PartialObjectMetadata"')
c-tokenreview/v1beta1|on purpose (v1beta1)|header("request", "Content-Type", "text/plain")
c-tokenreview/v1beta1|on purpose (v1beta1)|e["request"]["path"] = e["request"]["path"].replace("/tokenreviews", "")
c-tokenreview/v1beta1|differs|e["request"]["path"] = e["request"]["path"].replace("/v1beta1", "/v1"); header("request", "Content-Type", "text/plain")
b2-tokenrequest-envelope/json-dup-spec|on purpose (repeated-members)|pass
b2-tokenrequest-envelope/json-dup-spec|differs|ask('{"spec":{"audiences":["b"]},"spec":{"expirationSeconds":700}}')
b2-tokenrequest-envelope/json-dup-spec|differs|header("response", "Warning")
b1-tokenrequest-spec/aud-one|on purpose (limits)|ask(json.dumps({"spec": {"audiences": ["a" * 49000]}}))
b1-tokenrequest-spec/exp-599|differs|ask(json.dumps({"spec": {"audiences": ["a" * 40000], "expirationSeconds": 599}})); e["response"]["status_line"] = "HTTP/1.1 201 Created"
b2-tokenrequest-envelope/json-unknown-top|on purpose (many-warnings)|n = ["m%02d" % i for i in range(40)]; ask(json.dumps({"spec": {"audiences": ["a"]}, **dict.fromkeys(n, 1)})); header("response", "Warning", *['299 - "unknown field \\"%s\\""' % one for one in n])
b2-tokenrequest-envelope/json-unknown-top|differs|n = ["m%02d" % i for i in range(40)]; ask(json.dumps({"spec": {"audiences": ["a"]}, **dict.fromkeys(n, 1)})); header("response", "Warning", *['299 - "unknown field \\"%s\\""' % one for one in n[1:]])
EOF
replay changed
cut -d ' ' -f 1 changed.wanted >changed.names
sed -n 's/^rows\/[0-9]* *//p' out | paste -d ' ' changed.names - >changed.verdicts
is "departures are excused as far as their rows go" "$(cat changed.verdicts)" "$(cat changed.wanted)"

# What others record is judged line by line: an odd one spoils no other, and ends nothing.
mkdir -p odd
/usr/bin/python3 - "$GOLDEN" odd <<'PY'
import copy
import json
import sys


def find(name, wanted):
    with open("%s/%s.jsonl" % (sys.argv[1], name), encoding="utf-8") as lines:
        return next(e for e in map(json.loads, lines) if e["id"] == wanted)


good, who = find("b1-tokenrequest-spec", "aud-one"), find("c-tokenreview", "selfsubjectreview-admin")


def other(name, e=good, **members):
    """The same but for members of request or response: request_body="..."."""
    e = copy.deepcopy({**e, "id": name})
    for path, value in members.items():
        part, _, member = path.partition("_")
        e[part][member] = value
    return e


def header(e, part, name, *values):
    kept = [h for h in e[part]["headers"] if h[0] != name]
    e[part]["headers"] = kept + [[name, value] for value in values]
    return e


def body(name, text):
    return header(other(name, request_body=text), "request", "Content-Length", str(len(text)))


def write(name, *lines):
    with open("%s/%s.jsonl" % (sys.argv[2], name), "wb") as out:
        for line in lines:
            out.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")


nested = '{"spec":{"audiences":["https://vault.example"]},"zed":%s1%s}' % ("[" * 1500, "]" * 1500)
claims = other("claims")
claims["jwt"]["payload"] = {"iss": 5, "kubernetes.io": "x"}
keys = other("keys", response_body='{"keys":[{"kid":"../x","kty":"RSA","alg":"RS256"},{},5]}')
nowhere = "/api/v1/namespaces/nowhere/serviceaccounts/nobody/token"

write("a-empty")
write("b-blank", good, b"", b" ")
write("c-dates", header(other("none-yet"), "response", "Date"), good,
      header(other("none"), "response", "Date"), header(other("odd"), "response", "Date", "today"))
write("d-deep", header(body("deep", nested), "response", "Warning",
                       '299 - "unknown field \\"zed\\""'))
write("e-one-user", who, header(other("again", who), "request", "Authorization", "Bearer second"))
write("f-lines", b"{", b"[]", b"\xff\xfe", b"[" * 3000, b'{"id": "half", "request": {}}',
      {**good, "id": "closed", "response": None}, good)
write("g-members", other("method", request_method=5), other("path", request_path=None),
      other("status", response_status_line=""), other("headers", request_headers={"Host": "x"}),
      other("number", request_headers=[["Host", 5]]), other("text", response_body={}),
      other("base64", response_body_base64="/"),
      header(other("not-gzip"), "response", "Content-Encoding", "gzip"), claims, keys,
      {"request": good["request"], "response": good["response"]})
write("h-requests", good, header(body("binary", "x"), "request", "Accept", "*/*", "x/y"),
      other("unknown-method", request_method="FOO", request_path="/x"),
      other("head", request_method="HEAD"), other("unknown-namespace", request_path=nowhere),
      {**good, "id": "odd\ud800"})
write("i-no-server", other("issuer", who, response_body='{"issuer":"no url"}'), good)
PY
replay odd
is "odd recordings are a failure" $? 1
is "... which is told on standard output alone" "$(cat err)" ""
sed -n 's/^\([a-i]-[^ ]*\) *\([a-z ]*[a-z]\).*/\1 \2/p' out >verdicts
is "... and each exchange is judged, or it is told that it cannot be" "$(cat verdicts)" "\
b-blank/aud-one same
c-dates/none-yet same
c-dates/aud-one same
c-dates/none same
c-dates/odd same
d-deep/deep same
e-one-user/selfsubjectreview-admin on purpose
e-one-user/again on purpose
f-lines/line-1 cannot be judged
f-lines/line-2 cannot be judged
f-lines/line-3 cannot be judged
f-lines/line-4 cannot be judged
f-lines/half cannot be judged
f-lines/closed cannot be judged
f-lines/aud-one same
g-members/method cannot be judged
g-members/path cannot be judged
g-members/status cannot be judged
g-members/headers cannot be judged
g-members/number cannot be judged
g-members/text cannot be judged
g-members/base64 cannot be judged
g-members/not-gzip cannot be judged
g-members/claims same
g-members/keys cannot be judged
g-members/line-11 same
h-requests/aud-one same
h-requests/binary differs
h-requests/unknown-method on purpose
h-requests/head differs
h-requests/unknown-namespace differs
h-requests/odd\\ud800 same
i-no-server/issuer cannot be judged
i-no-server/aud-one cannot be judged"
like "... and counted" "$(tail -n 1 out)" ' 3 differ, 0 left out, 17 cannot be judged$'
rm odd/[b-i]-*
replay odd
like "nothing but an empty file is no success" "$?$(cat err)" '^1golden-replay: there is no exchange in odd$'

# What is wrong with its arguments.
replay nowhere
is "a folder that is not there is refused" $? 1
like "and it says how to call it" "$(cat err)" '^usage: golden-replay DIR'
mkdir empty
replay empty
like "so is one without recordings" "$?$(cat err)" '^1golden-replay: there is no \*\.jsonl in empty$'
done_testing
