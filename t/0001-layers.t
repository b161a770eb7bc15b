#!/bin/sh
# Arrows between rooms point one way, each outside library has one door, and headers stand alone.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/tap.sh"

cd "$SRCDIR" || bail "no $SRCDIR"
rooms=
for room in base conf store keys access setup serve issuer ctl agent; do
	[ ! -d "$room" ] || rooms="$rooms $room"
done

# allowed ROOM - the rooms it may include from.
allowed() {
	case $1 in
	base) echo base ;;
	conf) echo base conf ;;
	store) echo base store ;;
	keys) echo base store keys ;;
	access) echo base store access ;;
	setup) echo base conf store keys setup ;;
	serve) echo base conf serve ;;
	issuer) echo base conf store keys access setup serve issuer ;;
	ctl) echo base conf store keys access setup ctl ;;
	agent) echo base conf serve agent ;;
	esac
}

# back_arrows ROOM - the lines of it that include from a room it must not know, or from no room.
back_arrows() {
	find "$1" -name '*.[ch]' -exec grep -Hn '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*"' {} + |
		grep -Ev "\"($(allowed "$1" | tr ' ' '|'))/[a-z0-9_]+(\\.pb-c)?\\.h\""
}

for room in $rooms; do
	is "$room includes only what it may know" "$(back_arrows "$room")" ""
done

# users HEADER - the files, in any room, that include <HEADER>.
users() {
	# shellcheck disable=SC2086 # a list of words
	find $rooms -name '*.[ch]' \
		-exec grep -l "^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*<$1>" {} + | sort
}

# door HEADER PATTERN - nobody includes <HEADER> but the files that match.
door() {
	is "<$1> comes in only by ${2#^}" "$(users "$1" | grep -Ev "$2\$")" ""
}
door 'sqlite3\.h' '^store/db\.c'
door 'microhttpd\.h' '^serve/http[a-z_]*\.c'
door 'expat\.h' '^agent/sts_answer\.c'
door 'jwt\.h' '^keys/jws\.c'
door 'cyaml/cyaml\.h' '^conf/[a-z0-9_]+\.[ch]'
door 'yaml\.h' '^conf/yaml[a-z0-9_]*\.[ch]'
door 'protobuf-c/protobuf-c\.h' '^issuer/kube\.pb-c\.h'
is "<curl/curl.h> comes in by one file per program" \
	"$(users 'curl/curl\.h' | cut -d / -f 1 | uniq -d)" ""
is "no library room talks HTTP" \
	"$(users 'curl/curl\.h' | grep -E '^(base|conf|store|keys|access|setup|serve|issuer)/')" ""

# shellcheck disable=SC2086 # a list of words
is "header names are unique in the tree" \
	"$(find $rooms -name '*.h' -exec basename {} \; | sort | uniq -d)" ""

# Packages that pkg-config does not know have their headers in the compiler's own path.
flags=
for package in libcrypto libjwt libmicrohttpd jansson sqlite3 libcyaml yaml-0.1 libcurl expat gnutls \
	libprotobuf-c; do
	flags="$flags $(pkg-config --cflags "$package" 2>/dev/null)"
done
compiles() {
	# shellcheck disable=SC2086 # commands and lists of flags are words
	${CC:-cc} -std=gnu11 -fsyntax-only -include "$BUILDDIR/config.h" -I. $flags -x c "$1"
}
# shellcheck disable=SC2086 # a list of words
for header in $(find $rooms -name '*.h' | sort); do
	ok "$header compiles alone" compiles "$header"
done
done_testing
