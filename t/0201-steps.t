#!/bin/sh
# Long steps show that they live, and installing asks for a password before it begins to count.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/tap.sh"

ln -s "$SRCDIR/t" t
# shellcheck source=t/lib/deps.sh
. t/lib/deps.sh

# on_terminal SCRIPT - what SCRIPT prints on one.
on_terminal() {
	script -qec "sh $1" /dev/null </dev/null | tr '\r' '\n'
}

is "elsewhere a step says when it is done" \
	"$(step_run log 'Sleeping' true | sed 's/([0-9]*s)/(Ns)/')" 'Sleeping ... done (Ns)'
OUT=$(step_run log Failing sh -c 'echo why; false' 2>&1)
is "a step that fails is a failure" $? 1
like "the end of its log is shown" "$OUT" '^why$'

# ---- packages: stand-ins for the programs that would install ----
mkdir bin
cat >bin/dpkg-query <<'END'
#!/bin/sh
exit 1
END
cat >bin/sudo <<'END'
#!/bin/sh
echo "sudo $*" >>calls
case $1 in
-n) exit 1 ;; # it wants a password
-v) echo "password asked" ;;
*) exec "$@" ;;
esac
END
cat >bin/apt-get <<'END'
#!/bin/sh
echo "apt-get $*" >>calls
sleep 2
END
printf '#!/bin/sh\necho 1000\n' >bin/id
chmod +x bin/*
cat >install.sh <<'END'
PATH=$PWD/bin:$PATH
. t/lib/deps.sh
deps_install one two
END

if command -v script >/dev/null; then
	OUT=$(on_terminal install.sh)
	like "it names the packages" "$OUT" '^Packages are missing: one two'
	like "the seconds count while it installs" "$OUT" '^Installing packages .* \.\.\. [1-9]s'
	like "and it says that it is done" "$OUT" '^Installing packages .* \.\.\. done \(([2-9]|[1-9][0-9]+)s\)'
	is "the password comes before the counter" \
		"$(printf '%s\n' "$OUT" | grep -oE '^(password|Installing)' | uniq | tr '\n' ' ')" 'password Installing '
	like "the packages are installed" "$(cat calls)" '^apt-get .* install .* one two$'
else
	skip 5 "no script(1)"
fi
not_ok "no log is left" test -e deps.log
printf '#!/bin/sh\nexit 1\n' >bin/sudo
OUT=$(sh install.sh 2>&1)
is "without the right to install it fails" $? 1
like "and says so" "$OUT" 'takes root'
cat >bin/sudo <<'END'
#!/bin/sh
case $1 in
-*) exit 0 ;;
esac
exec "$@"
END
printf '#!/bin/sh\nexit 0\n' >bin/dpkg-query
printf '#!/bin/sh\necho "E: no such package"; exit 100\n' >bin/apt-get
OUT=$(sh install.sh 2>&1)
is "a failure of apt-get is one" $? 1
like "and its words are shown" "$OUT" '^E: no such package$'
done_testing
