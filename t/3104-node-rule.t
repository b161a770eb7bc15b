#!/bin/sh
# Nodes: tokens bound to their own pods, for what these declare, and nothing else, whatever grants
# say.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
clock_set 1900000000
callers_make 'tokens: {max_lifetime: 2h}'
demo
N1=11111111-2222-4333-8444-555555555555
# uid POD - each has its own.
uid() { printf '%08x-7777-4888-8999-000000000000' "$(printf %s "$1" | cksum | cut -d ' ' -f 1)"; }
issuerctl sa create demo/web >/dev/null
issuerctl node create n1 --uid $N1 >/dev/null
issuerctl node create n2 >/dev/null
# pod NAME OPTION... - a pod in demo.
pod() {
	pod_name=$1
	shift
	issuerctl pod create "demo/$pod_name" --uid "$(uid "$pod_name")" "$@" >/dev/null || bail "pod $pod_name"
}
pod mine --service-account app --node n1 --audience vault --audience sts.amazonaws.com
pod silent --service-account app --node n1
pod api --service-account app --node n1 --audience "$URL"
pod theirs --service-account app --node n2 --audience vault
pod nowhere --service-account app --audience vault
pod web --service-account web --node n1 --audience vault
pod lost --service-account app --node n3 --audience vault
# node FILE NAME [OPTION...] - the certificate of a node.
node() {
	node_file=$1 node_name=$2
	shift 2
	pki caller callers "$node_file" --cn "system:node:$node_name" --o system:nodes "$@"
}
node n1 n1
node n2 n2
node n3 n3
node n4 n4
node more n1 --o others
node staff n1 --o staff
pki caller callers groupless --cn system:node:n1
pki caller callers other-group --cn system:node:n1 --o system:node
pki caller callers member --cn n1 --o system:nodes
# Grants for all that a node could be taken for; none is to count.
for who in user:system:node:n1 group:system:nodes group:staff group:system:authenticated; do
	issuerctl grant add $who '*/*' --audience '*' --max-ttl 2h >/dev/null
	issuerctl grant add $who --tokenreviews >/dev/null
done
issuer_start

# ref NAME UID [KIND [API-VERSION]] - a boundObjectRef; "-" leaves the member out.
ref() {
	jq -cn --arg name "$1" --arg uid "$2" --arg kind "${3:-Pod}" --arg version "${4:-v1}" \
		'{kind: $kind, apiVersion: $version, name: $name, uid: $uid} | with_entries(select(.value != "-"))'
}
# bound REF AUDIENCES [NAME [CURL-ARG...]] - asks for a token of demo/NAME, bound to that.
bound() {
	bound_body="{\"spec\":{\"boundObjectRef\":$1,\"audiences\":$2}}"
	bound_name=${3:-app}
	[ $# -lt 3 ] || shift
	shift 2
	ask_token demo "$bound_name" "$bound_body" "$@"
}
POD=$(uid mine)
MINE=$(ref mine "$POD")
FOR_VAULT='["vault"]'
# bound_by CERTIFICATE REF AUDIENCES [NAME] - the same, by that node.
bound_by() {
	bound_by=$1
	shift
	by "$bound_by" bound "$1" "$2" "${3:-app}"
}

# ---- what a node may have ----
is "a node gets a token bound to its pod" "$(bound_by n1 "$MINE" "$FOR_VAULT")" 201
is "the spec is echoed, uid and all" "$(jq -cS .spec.boundObjectRef body)" \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"mine\",\"uid\":\"$POD\"}"
TOKEN=$(token_of)
is "the token says pod, node and service account" "$(claims "$TOKEN" | jq -cS '."kubernetes.io"')" \
	"{\"namespace\":\"demo\",\"node\":{\"name\":\"n1\",\"uid\":\"$N1\"},\"pod\":{\"name\":\"mine\",\"uid\":\"$POD\"},\"serviceaccount\":{\"name\":\"app\",\"uid\":\"$(issuerctl sa show demo/app -o json | jq -r .uid)\"}}"
is "it has the audience that was asked for, alone" "$(claims "$TOKEN" | jq -c .aud)" "$FOR_VAULT"
ok "a stranger accepts it" verifies "$TOKEN" --audience vault
is "its audit row names caller, rule and pod" \
	"$(audit "event='token.issued' AND actor='system:node:n1' AND jti='$(claims "$TOKEN" | jq -r .jti)' AND rule='node rule' AND auth='certificate' AND lifetime=3600 AND asked=3600 AND bound='pod mine (uid $POD)' AND agent LIKE 'curl/%'")" 1
is "each audience that the pod declares" "$(bound_by n1 "$MINE" '["sts.amazonaws.com"]')" 201
is "a pod that declares the API's gets it without saying so" "$(bound_by n1 "$(ref api "$(uid api)")" null) $(jq -c .spec.audiences body)" \
	"201 [\"$URL\"]"
is "a lifetime beyond the limit is shortened" "$(by n1 ask_token demo app "{\"spec\":{\"expirationSeconds\":86400,\"audiences\":[\"vault\"],\"boundObjectRef\":$MINE}}") $(jq .spec.expirationSeconds body)" \
	"201 7200"
is "a node in other groups, too, is one" "$(bound_by more "$MINE" "$FOR_VAULT")" 201
is "each pod for its service account" "$(bound_by n1 "$(ref web "$(uid web)")" "$FOR_VAULT" web)" 201
is "each node for its pods" "$(bound_by n2 "$(ref theirs "$(uid theirs)")" "$FOR_VAULT")" 201
is "a node that is known by its pods alone" "$(bound_by n3 "$(ref lost "$(uid lost)")" "$FOR_VAULT")" 201
is "is in the token by its name alone" "$(claims "$(token_of)" | jq -c '."kubernetes.io".node')" '{"name":"n3"}'

# ---- what it may not ----
# bound_in_audit - what the last refusal says that the token was to be bound to.
bound_in_audit() {
	sqlite3 -readonly state/issuer.db "SELECT bound FROM audit ORDER BY seq DESC LIMIT 1"
}
# refused DESC REASON WHY CMD... - 403 or what REASON is, with WHY at the end, and its audit row.
refused() {
	refused_desc=$1 refused_want=$2 refused_why=$3
	shift 3
	is "$refused_desc" "$("$@") $(jq -r .reason body)" "$refused_want"
	like "... and it is said why" "$(jq -r .message body)" "$refused_why\$"
	is "... in the audit, too" \
		"$(audit_last "event='token.refused' AND actor='system:node:${refused_node:-n1}' AND subject='system:serviceaccount:demo:${refused_name:-app}' AND outcome='${refused_want#* }' AND rule='${refused_rule:-node rule}' AND auth='certificate' AND detail = '$(jq -r .message body | sed "s/'/''/g")'")" 1
}
FORBIDDEN="403 Forbidden"
NOT_BOUND='node requested token not bound to a pod'
is "all nodes together have no reason yet" "$(audit "event='token.refused'")" 0
refused "not bound at all" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 null "$FOR_VAULT"
is "in kube-apiserver's words" "$(jq -r .message body)" \
	"serviceaccounts \"app\" is forbidden: User \"system:node:n1\" cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace \"demo\": $NOT_BOUND"
refused "bound to the node itself" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 "$(ref n1 $N1 Node)" "$FOR_VAULT"
is "... which names the node" "$(bound_in_audit)" "node n1 (uid $N1)"
refused "bound to a secret" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 "$(ref mine "$POD" Secret)" "$FOR_VAULT"
is "... which names no secret" "$(bound_in_audit)" "what is no pod or node"
refused "bound to a pod of another group" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 "$(ref mine "$POD" Pod apps/v1)" "$FOR_VAULT"
refused "bound to a pod of another version" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 "$(ref mine "$POD" Pod v2)" "$FOR_VAULT"
refused "to a pod of no version" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 "$(ref mine "$POD" Pod -)" "$FOR_VAULT"
refused "to a pod without name" "$FORBIDDEN" "$NOT_BOUND" bound_by n1 "$(ref - "$POD")" "$FOR_VAULT"
refused "without uid" "$FORBIDDEN" "without a uid" bound_by n1 "$(ref mine -)" "$FOR_VAULT"
is "... which names the pod" "$(bound_in_audit)" "pod mine"
refused "with an empty one" "$FORBIDDEN" "without a uid" bound_by n1 "$(ref mine "")" "$FOR_VAULT"
refused "with a wrong one" "$FORBIDDEN" "does not match the UID in record" bound_by n1 "$(ref mine "$(uid theirs)")" "$FOR_VAULT"
refused "to another node's pod" "$FORBIDDEN" "scheduled on a different node" bound_by n1 "$(ref theirs "$(uid theirs)")" "$FOR_VAULT"
is "... which names the pod that was asked for" "$(bound_in_audit)" "pod theirs (uid $(uid theirs))"
refused "to a pod that runs nowhere" "$FORBIDDEN" "scheduled on a different node" bound_by n1 "$(ref nowhere "$(uid nowhere)")" "$FOR_VAULT"
refused "to a pod that is not there" "404 NotFound" 'pods "gone" not found' bound_by n1 "$(ref gone "$POD")" "$FOR_VAULT"
refused "for an audience that the pod does not declare" "$FORBIDDEN" "not declared by the pod" bound_by n1 "$MINE" '["other"]'
refused "for a part of one" "$FORBIDDEN" "not declared by the pod" bound_by n1 "$MINE" '["vaul"]'
refused "for one with a zero byte" "$FORBIDDEN" "not declared by the pod" bound_by n1 "$MINE" '["vault\u0000"]'
refused "for an empty one" "$FORBIDDEN" "not declared by the pod" bound_by n1 "$MINE" '[""]'
refused "for two, though it declares both" "$FORBIDDEN" "one audience only" bound_by n1 "$MINE" '["vault","sts.amazonaws.com"]'
refused "for the API's, which it does not declare" "$FORBIDDEN" "not declared by the pod" bound_by n1 "$MINE" '[]'
refused "for any, where the pod declares none" "$FORBIDDEN" "not declared by the pod" bound_by n1 "$(ref silent "$(uid silent)")" "$FOR_VAULT"
refused_name=web refused_rule='bound object'
refused "another service account than the pod's" "400 BadRequest" "different serviceaccount name\\." bound_by n1 "$MINE" "$FOR_VAULT" web
refused_name=ghost refused_rule='node rule'
refused "a service account that no pod here has" "$FORBIDDEN" "no pod of this service account runs on the node" \
	bound_by n1 "$MINE" "$FOR_VAULT" ghost
refused_name=app refused_node=n4
refused "a node without pods" "$FORBIDDEN" "no pod of this service account runs on the node" bound_by n4 "$MINE" "$FOR_VAULT"
refused_node=n2
refused "another's pod, to him" "$FORBIDDEN" "scheduled on a different node" bound_by n2 "$MINE" "$FOR_VAULT"
refused_node=n1
refused "grants for one of its groups count as little" "$FORBIDDEN" "$NOT_BOUND" bound_by staff null "$FOR_VAULT"
is "what the body says of its namespace comes before what it is bound to" \
	"$(by n1 ask_token demo app '{"metadata":{"namespace":"other"}}') $(jq -r .message body)" \
	"400 the namespace of the provided object does not match the namespace sent on the request"
refused "... and that before its name" "$FORBIDDEN" "$NOT_BOUND" by n1 ask_token demo app '{"metadata":{"name":"other"},"spec":{"audiences":["vault"]}}'
is "a lifetime that is none" "$(by n1 ask_token demo app "{\"spec\":{\"expirationSeconds\":599,\"audiences\":[\"vault\"],\"boundObjectRef\":$MINE}}")" 422

# ---- nothing else ----
is "a node may not have tokens reviewed" "$(by n1 post "$REVIEWS" '{"spec":{"token":"x"}}') $(jq -r .reason body)" "$FORBIDDEN"
is "which is in the audit" "$(audit "event='review.refused' AND actor='system:node:n1' AND subject='tokenreviews' AND rule='node rule' AND outcome='Forbidden' AND detail LIKE '%no grant allows it%'")" 1
is "it may ask who it is" "$(by n1 whoami) $(jq -c .status.userInfo.groups body)" \
	'201 system:node:n1 ["system:nodes","system:authenticated"]'

# ---- who is no node ----
is "with the name but not in the group it is anybody: by a grant of its own" "$(bound_by groupless null "$FOR_VAULT")" 201
is "the audit has the grant" "$(audit_last "actor='system:node:n1' AND rule LIKE 'grant %'")" 1
is "another group does not make it one" "$(bound_by other-group null "$FOR_VAULT")" 201
is "nor the group without the name" "$(bound_by member null "$FOR_VAULT")" 201
client system:node:n2 --group system:nodes
is "a client with a secret can be one" "$(with system:node:n2.secret bound "$(ref theirs "$(uid theirs)")" "$FOR_VAULT")" 201
is "and is bound by the rule" "$(with system:node:n2.secret bound null "$FOR_VAULT")" 403

# ---- pods come and go ----
issuerctl pod delete demo/mine >/dev/null
is "when the pod is gone there is no token" "$(bound_by n1 "$MINE" "$FOR_VAULT")" 404
pod mine --service-account app --node n2 --audience vault
is "when it has moved only its new node gets one" "$(bound_by n1 "$MINE" "$FOR_VAULT") $(bound_by n2 "$MINE" "$FOR_VAULT")" "403 201"
done_testing
