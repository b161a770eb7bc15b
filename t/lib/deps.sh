# deps.sh - the Debian packages that building and testing need, and how to get those that are
# missing. Source it from the top of the tree, then: deps_install $DEPS_BUILD
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# shellcheck source=t/lib/step.sh
. t/lib/step.sh

# shellcheck disable=SC2034 # used by who sources this
DEPS_BUILD="gcc make autoconf automake pkg-config libc6-dev libssl-dev libjwt-dev
	libmicrohttpd-dev libjansson-dev libsqlite3-dev libcyaml-dev libyaml-dev
	libcurl4-openssl-dev libexpat1-dev libgnutls28-dev libprotobuf-c-dev protobuf-c-compiler"

# What a first try needs besides the programs.
# shellcheck disable=SC2034
DEPS_TRY="curl jq openssl ca-certificates"

# shellcheck disable=SC2034
DEPS_TEST="libcmocka-dev clang libclang-rt-dev clang-tidy clang-format cppcheck shellcheck
	curl jq openssl ca-certificates sqlite3 python3 python3-jwt python3-cryptography
	python3-kubernetes python3-google-auth python3-requests awscli groff mandoc procps util-linux"

# node and npm often come from elsewhere; any will do.
command -v node >/dev/null 2>&1 || DEPS_TEST="$DEPS_TEST nodejs"
command -v npm >/dev/null 2>&1 || DEPS_TEST="$DEPS_TEST npm"

# podman, with a runtime that any cgroups will do for; one that is there may be another's.
command -v podman >/dev/null 2>&1 || DEPS_TEST="$DEPS_TEST podman runc"

# promtool; where systemd runs, Debian starts the server that comes with it.
command -v promtool >/dev/null 2>&1 || DEPS_TEST="$DEPS_TEST prometheus"

# So does kubectl, and then its package and Debian's cannot both be installed.
command -v kubectl >/dev/null 2>&1 || DEPS_TEST="$DEPS_TEST kubernetes-client"

# deps_missing PACKAGE... - prints those that are not installed, on one line.
deps_missing() {
	dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
		awk -v want="$*" '
			$1 == "ii" { have[$2] = 1 }
			END { n = split(want, w); for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }' |
		tr '\n' ' '
}

# deps_apt PACKAGE... - the long part of deps_install; deps_root is sudo, or empty.
deps_apt() {
	$deps_root apt-get -q -o DPkg::Lock::Timeout=300 update &&
		$deps_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
			-o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}

# deps_install PACKAGE... - installs what is missing; quick and silent if nothing is.
deps_install() {
	if ! command -v dpkg-query >/dev/null 2>&1; then
		echo "This is no Debian: make sure that you have what these packages hold:" >&2
		echo "  $*" | tr -s '\n\t ' ' ' >&2
		echo >&2
		return 0
	fi
	deps_wanted=$(deps_missing "$@")
	[ -n "$deps_wanted" ] || return 0

	if [ "$(id -u)" -eq 0 ]; then
		deps_root=
	elif command -v sudo >/dev/null 2>&1; then
		deps_root=sudo
	else
		echo "Packages are missing, and installing them takes root. As root, run:" >&2
		echo "  apt-get install --no-install-recommends $deps_wanted" >&2
		return 1
	fi
	echo "Packages are missing: $deps_wanted"
	# A password is asked for here, where it can be: not behind the counter.
	if [ -n "$deps_root" ] && ! sudo -n true 2>/dev/null && ! sudo -v; then
		echo "Installing them takes root." >&2
		return 1
	fi
	# shellcheck disable=SC2086 # a list of words
	step_run deps.log "Installing packages (this may take minutes)" deps_apt $deps_wanted ||
		return 1
	rm -f deps.log
}
