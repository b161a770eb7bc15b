#!/bin/sh
# Who may ask: clients that expire, groups, several grants, and grants that go.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
NOW=1900000000
clock_set $NOW
issuer_make
for name in app other third; do
	issuerctl sa create "demo/$name" >/dev/null
done
# client NAME [OPTION...] - makes one, its secret in NAME.secret.
client() {
	client_name=$1
	shift
	issuerctl client create "$client_name" --secret-file "$client_name.secret" "$@" >/dev/null ||
		bail "client $client_name"
}
grant() { issuerctl grant add "$@" -o name; }
# asks CLIENT NAME [BODY] - the status for a token of demo/NAME.
asks() { AUTH="Authorization: Bearer $(cat "$1.secret")" ask_token demo "$2" "${3:-$AWS}"; }
# lifetime CLIENT NAME AUDIENCE SECONDS - the lifetime given to who asks for SECONDS.
lifetime() {
	asks "$1" "$2" "{\"spec\":{\"audiences\":[\"$3\"],\"expirationSeconds\":$4}}" >/dev/null
	jq .spec.expirationSeconds body
}

# ---- expiry ----
client brief --expires-in 60s
grant brief demo/app --audience sts.amazonaws.com >/dev/null
is "the expiry is listed" "$(issuerctl client list -o json | jq -r '.[] | .expires_at')" 2030-03-17T17:47:40Z
issuer_start
is "a client works before it expires" "$(asks brief app)" 201
clock_set $((NOW + 59))
is "to the last second" "$(asks brief app)" 201
clock_set $((NOW + 60))
is "then it gets 401" "$(asks brief app) $(jq -r .reason body)" "401 Unauthorized"
is "which says no more than for a stranger" "$(jq -r .message body)" Unauthorized
is "it is listed as expired" "$(issuerctl client list -o json | jq -r '.[] | .state')" expired
clock_set $((NOW + 59))
is "a clock that goes back lets it in again" "$(asks brief app)" 201

# ---- groups ----
client one --group readers --group writers
client two --group readers
client none
BY_GROUP=$(grant group:readers demo/app --audience sts.amazonaws.com)
grant group:writers demo/other --audience sts.amazonaws.com >/dev/null
for name in one two; do
	is "a grant for a group is for its member $name" "$(asks $name app)" 201
done
is "and for nobody else" "$(asks none app)" 403
is "each group counts" "$(asks one other)" 201
is "of those the client is in" "$(asks two other)" 403
client readers
is "a client is not the group of its name" "$(asks readers app)" 403
is "the audit names the client, not the group" \
	"$(audit "event='token.issued' AND actor='one'") $(audit "actor='readers' AND event='token.issued'")" "2 0"

# ---- several grants ----
grant none demo/app --audience vault --max-ttl 10m >/dev/null
grant none 'demo/a*' --audience sts.amazonaws.com --max-ttl 20m >/dev/null
LONGEST=$(grant none 'demo/*' --audience sts.amazonaws.com --audience vault --max-ttl 40m)
grant none demo/app --audience sts.amazonaws.com --max-ttl 30m >/dev/null
is "of several grants that cover it the longest lifetime counts" "$(lifetime none app sts.amazonaws.com 86400)" 2400
is "for each audience" "$(lifetime none app vault 86400)" 2400
is "and the shortest does not shorten" "$(lifetime none app vault 2399)" 2399
issuerctl grant remove "$LONGEST" >/dev/null
is "with it gone the next one counts, at once" "$(lifetime none app sts.amazonaws.com 86400)" 1800
is "for each audience its own" "$(lifetime none app vault 86400)" 600
is "what only it covered is refused, at once" "$(asks none third)" 403
grant none demo/app --audience 'vault' --max-ttl 48h >/dev/null
is "no grant goes beyond tokens.max_lifetime" "$(lifetime none app vault 4294967296)" 86400

# ---- a grant that goes ----
is "before its grant is removed a member gets a token" "$(asks two app)" 201
issuerctl grant remove "$BY_GROUP" >/dev/null
is "then 403, at once" "$(asks two app)" 403
is "for every member" "$(asks one app)" 403
is "who keep what else they have" "$(asks one other)" 201
done_testing
