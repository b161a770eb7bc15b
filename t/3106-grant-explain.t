#!/bin/sh
# issuerctl grant explain says which rule allows a token, or what is missing; and a request gets just
# what it says.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
clock_set 1900000000
callers_make 'tokens: {max_lifetime: 2h}'
for name in app web robot; do
	issuerctl sa create "demo/$name" >/dev/null
done
issuerctl node create n1 >/dev/null
issuerctl pod create demo/p --service-account app --node n1 --audience vault >/dev/null
issuerctl pod create demo/q --service-account app --node n2 --audience vault >/dev/null
issuerctl pod create demo/w --service-account web --node n1 --audience vault >/dev/null
client ci
client deploy --group deployers
client brief --expires-in 1h
client gone
client system:node:n9
client system:node:n2 --group system:nodes
pki caller callers alice --cn alice --o readers
pki caller callers node --cn system:node:n1 --o system:nodes
pki caller callers groupless --cn system:node:n1
grant() { issuerctl grant add "$@" -o name; }
APP=$(grant ci demo/app --audience sts.amazonaws.com --audience vault --max-ttl 30m)
ANY=$(grant ci 'demo/a*' --audience '*' --max-ttl 10m)
LONG=$(grant group:deployers 'demo/*' --audience sts.amazonaws.com --max-ttl 48h 2>/dev/null)
BY_O=$(grant group:readers demo/app --audience vault)
grant group:readers demo/app --audience x >/dev/null
OWN=$(grant user:system:serviceaccount:demo:robot demo/app --audience vault)
MEMBERS=$(grant group:system:serviceaccounts:demo demo/web --audience vault)
for user in brief gone; do
	grant $user demo/app --audience vault >/dev/null
done
NAMED=$(grant user:system:node:n1 '*/*' --audience '*')
UNGROUPED=$(grant system:node:n9 demo/app --audience vault)
grant system:node:n2 demo/app --audience vault >/dev/null
grant ci 'demo/no*' --audience vault >/dev/null
issuerctl client revoke gone >/dev/null
issuerctl token create demo/robot >robot.secret
issuer_start

# explain USER NAME [OPTION...] - its exit status; its answer is in explained.
explain() {
	explain_user=$1 explain_name=$2
	shift 2
	issuerctl grant explain "$explain_user" "demo/$explain_name" "$@" -o json >explained 2>explain.err
}
# request_as CREDENTIAL NAME BODY - the same in earnest; CREDENTIAL is a secret's or a certificate's.
request_as() {
	if [ -f "$1.secret" ]; then
		with "$1.secret" ask_token demo "$2" "$3"
	else
		by "$1" ask_token demo "$2" "$3"
	fi
}
# body_of [--audience A]... [--ttl S] [--pod NAME] - the request that the options stand for.
body_of() {
	# shellcheck disable=SC2016 # jq's
	jq -cn '[$ARGS.positional | _nwise(2) | {key: .[0], value: .[1]}] as $options
		| def all($name): [$options[] | select(.key == $name) | .value];
		{spec: {audiences: all("--audience"),
			expirationSeconds: (all("--ttl")[0] // null | if . then (rtrimstr("s") | tonumber) else . end),
			boundObjectRef: (all("--pod")[0] // null | if . then {kind: "Pod", apiVersion: "v1", name: ., uid: $uids[.]} else . end)}}' \
		--argjson uids "$PODS" --args -- "$@"
}
PODS=$(issuerctl pod list -o json | jq -c 'map({key: .name, value: .uid}) | from_entries')
# both DESC WANT USER CREDENTIAL NAME OPTION... - WANT is a rule, with the lifetime that it grants, or
# a pattern of what is missing. What a certificate's Os are has to be said.
both() {
	both_desc=$1 both_want=$2 both_user=$3 both_credential=$4 both_name=$5
	shift 5
	case $both_credential in
	alice) both_groups="--group readers" ;;
	node) both_groups="--group system:nodes" ;;
	*) both_groups= ;;
	esac
	# shellcheck disable=SC2086 # two words, or none
	explain "$both_user" "$both_name" $both_groups "$@"
	both_status=$?
	both_answer=$(request_as "$both_credential" "$both_name" "$(body_of "$@")")
	case $both_want in
	*" for "*)
		is "$both_desc: explained" "$both_status $(jq -r '"\(.allowed) \(.rule) for \(.ttl_granted)"' explained)" "0 true $both_want"
		is "... and granted" "$both_answer $(sqlite3 -readonly state/issuer.db 'SELECT rule FROM audit ORDER BY seq DESC LIMIT 1') for $(jq .spec.expirationSeconds body)s" \
			"201 ${both_want%% for *} for $(jq -r .ttl_granted explained | seconds)s"
		;;
	*)
		is "$both_desc: explained" "$both_status $(jq -c '[.allowed, .rule, .ttl_granted]' explained)" "4 [false,null,null]"
		like "... with what is missing" "$(jq -r .missing explained)" "$both_want"
		is "... on standard error, too" "$(cat explain.err)" "issuerctl: $(jq -r .missing explained)"
		is "... and refused, in the same words" "$both_answer $(jq -r .message body)" "${REFUSED:-403} ${SAYING:-$(jq -r .missing explained)}"
		;;
	esac
}
# seconds - of a span like 1h30m.
seconds() { echo $(($(sed 's/h/*3600+/; s/m/*60+/; s/s/+/; s/$/0/'))); }

is "a user may be named as grant add names it" \
	"$(issuerctl grant explain user:ci demo/app --audience sts.amazonaws.com -o json | jq -r .user)" ci
one_line "a group is no user" 2 'name a user, and its groups with --group$' \
	issuerctl grant explain group:ci demo/app

# ---- allowed ----
both "a client by its grant" "grant $APP for 30m" ci ci app --audience sts.amazonaws.com --ttl 3600s
both "for less than it allows" "grant $APP for 10m" ci ci app --audience vault --ttl 600s
both "two audiences of one grant" "grant $APP for 30m" ci ci app --audience vault --audience sts.amazonaws.com
both "any audience" "grant $ANY for 10m" ci ci app --audience other
both "the API's, by default" "grant $ANY for 10m" ci ci app
both "by a group of the client's" "grant $LONG for 1h" deploy deploy web --audience sts.amazonaws.com
both "no longer than max_lifetime" "grant $LONG for 2h" deploy deploy web --audience sts.amazonaws.com --ttl 86400s
both "by a group of the certificate's" "grant $BY_O for 1h" alice alice app --audience vault
both "a service account by its name" "grant $OWN for 1h" system:serviceaccount:demo:robot robot app --audience vault
both "by its namespace" "grant $MEMBERS for 1h" system:serviceaccount:demo:robot robot web --audience vault
both "bound to a pod" "grant $APP for 30m" ci ci app --audience vault --pod p
both "a node for its pod" "node rule for 1h" system:node:n1 node app --audience vault --pod p
is "the groups are told by which it was decided" "$(jq -c .groups explained)" '["system:nodes","system:authenticated"]'
is "and the subject, and what was asked" "$(jq -c '[.user, .subject, .audiences, .ttl]' explained)" \
	'["system:node:n1","demo/app",["vault"],"1h"]'
is "a group of --group is an assumption, which is said" "$(jq -r .assumed explained)" \
	"no client of this name: a certificate whose Os are those of --group"
both "a client that is a node by its row" "node rule for 1h" system:node:n2 system:node:n2 app --audience vault --pod q
is "of whom nothing is assumed" "$(jq -c '[.assumed, .groups]' explained)" '[null,["system:nodes","system:authenticated"]]'
both "one with a node's name alone" "grant $UNGROUPED for 1h" system:node:n9 system:node:n9 app --audience vault
is "is in no group of nodes" "$(jq -c '[.assumed, .groups]' explained)" '[null,["system:authenticated"]]'
both "a certificate with a node's name alone" "grant $NAMED for 1h" system:node:n1 groupless app --audience vault
is "which is assumed unless --group says otherwise" "$(jq -c '[.assumed, .groups]' explained)" \
	'["no client of this name: a certificate without O",["system:authenticated"]]'
explain system:serviceaccount:demo:robot app --audience vault
is "of a service account nothing is assumed" "$(jq -c '[.assumed, .groups]' explained)" \
	'[null,["system:serviceaccounts","system:serviceaccounts:demo","system:authenticated"]]'
explain ci app --audience vault --group x
is "a client's groups and those of --group add up" "$(jq -c '[.assumed, .groups]' explained)" \
	'["the groups of --group, beside its own",["x","system:authenticated"]]'

# ---- refused ----
both "no grant for the service account" 'no grant covers this service account$' ci ci web --audience vault
both "no grant for the audience" 'no grant covers audience "x"$' deploy deploy app --audience x
both "one of two audiences" 'no grant covers audience "vault"$' deploy deploy app --audience sts.amazonaws.com --audience vault
both "the API's, by default, without a grant" "no grant covers audience \"$URL\"\$" alice alice app
both "no single grant for all" 'no single grant covers all audiences$' alice alice app --audience vault --audience x
both "a node without a pod" 'node requested token not bound to a pod$' system:node:n1 node app --audience vault
both "a node for another's pod" 'scheduled on a different node$' system:node:n1 node app --audience vault --pod q
both "a node for what the pod does not declare" 'not declared by the pod$' system:node:n1 node app --audience x --pod p
both "a node for two audiences" 'one audience only$' system:node:n1 node app --audience vault --audience vault --pod p
both "a node for an account without pods there" 'no pod of this service account runs on the node$' \
	system:node:n1 node robot --audience vault --pod p
REFUSED=400
both "a pod of another service account" 'pod running with different serviceaccount name\.$' ci ci app --audience vault --pod w
both "to a node, too" 'pod running with different serviceaccount name\.$' system:node:n1 node web --audience vault --pod p
REFUSED=404
both "no such service account" 'serviceaccounts "nobody" not found$' ci ci nobody --audience vault
both "that is looked at before the audience" 'serviceaccounts "nobody" not found$' ci ci nobody --audience x
REFUSED=401 SAYING=Unauthorized
both "a client that is revoked" 'the client is revoked: its requests get 401$' gone gone app --audience vault
clock_forward 3600
both "a client that has expired" 'the client has expired: its requests get 401$' brief brief app --audience vault
exits "somebody nobody knows" 4 issuerctl grant explain stranger demo/app --audience vault
like "has no grant" "$(cat .output)" 'User "stranger" cannot .*no grant covers this service account'

# ---- questions that are none ----
while read -r status pattern args; do
	# shellcheck disable=SC2086 # words
	one_line "grant explain $args" "$status" "$pattern" issuerctl grant explain $args
done <<'EOF'
1 NAMESPACE/NAME ci demo
1 name ci demo/*
1 user naïve demo/app
1 pod ci demo/app --pod nope
2 ttl ci demo/app --ttl 599s
2 ttl ci demo/app --ttl soon
EOF
exits "half a question" 2 issuerctl grant explain ci

# ---- many groups ----
many() { for i in $(seq "$1" "$2"); do echo "--group g$i"; done; }
# shellcheck disable=SC2046 # words
client many $(many 1 32)
grant group:g1 demo/app --audience vault >/dev/null
# shellcheck disable=SC2046 # words
ok "as many groups as a client can have, and as many again" explain many app --audience vault $(many 33 64)
is "none is dropped" "$(jq '.groups | length' explained)" 65
# shellcheck disable=SC2046 # words
one_line "one more is refused" 2 'group was given more than 32 times' \
	issuerctl grant explain many demo/app --audience vault $(many 33 65)

rows=$(audit 1)
explain ci app --audience vault
is "an explanation is no request: the audit has none of it" "$(audit 1)" "$rows"
issuer_stop
ok "no daemon is needed" explain ci app --audience vault
is "a table says it in words" "$(issuerctl grant explain ci demo/app --audience vault | grep -c "grant $APP")" 1
is "-o name prints the rule" "$(issuerctl grant explain ci demo/app --audience vault -o name)" "grant $APP"
done_testing
