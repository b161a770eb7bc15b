#!/bin/sh
# What is written about the programs is what they do: commands, options, settings with their
# defaults, event names; the manual pages are sound, and what README names exists.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/tap.sh"

ctl=$BUILDDIR/issuerctl
daemon=$BUILDDIR/issuerd
conf=$SRCDIR/conf/issuerd.yaml
docs=$SRCDIR/doc
pages="$docs/issuerd.8 $docs/issuerctl.8 $docs/issuerd.yaml.5"

# ---- commands and options ----

# help_commands - "NOUN", or "NOUN VERB", of each command that issuerctl knows.
help_commands() {
	"$ctl" --help | sed -n 's/^  \([a-z].*\)  .*/\1/p' |
		awk '{ print $1 ($2 ~ /^[a-z-]+$/ ? " " $2 : "") }'
}

# page_commands - the same, from the manual: each ".It Ic NOUN [VERB] [Ar ...]".
page_commands() {
	sed -n 's/^\.It Ic //p' "$docs/issuerctl.8" | sed 's/ \(Ar\|Op\) .*//'
}

# init has no verb, and its summary must not be taken for one.
commands=$(help_commands | sed 's/^init .*/init/')
is "issuerctl(8) has the commands of issuerctl --help, in that order" "$(page_commands)" "$commands"

# help_options - what a command's --help lists, as "--name METAVAR"; $1 leaves out what all have.
help_options() {
	sed -n 's/^  \(-[a-zA-Z], \|    \)--\([a-z-]*\)\( [A-Z=]*\)\{0,1\} .*/--\2\3/p' |
		sed 's/ *$//' |
		grep -vE '^--(config|output|help|dry-run)( |$)' | sort
}

# page_options COMMAND - the options under its entry in the manual, in the same form.
page_options() {
	awk -v want="$1" '
		/^\.It Ic / {
			name = substr($0, 8); sub(/ (Ar|Op) .*/, "", name); inside = name == want }
		/^\.S[hs] / { inside = 0 }
		inside && /^\.It Fl [a-z] , -/ { print "-" $5 ($6 == "Ar" ? " " $7 : "") }
		inside && /^\.It Fl -/ { print "-" $3 ($4 == "Ar" ? " " $5 : "") }
	' "$docs/issuerctl.8" | sort
}

echo "$commands" >commands
while read -r noun verb; do
	command=$noun${verb:+ $verb}
	"$ctl" "$noun" ${verb:+"$verb"} --help >help 2>&1 || fail "$command --help works" "$(cat help)"
	is "issuerctl(8) has the options of $command" "$(page_options "$command")" \
		"$(help_options <help)"
	usage=$(sed -n "s/^usage: issuerctl $command \\(.*\\) \\[OPTION \\.\\.\\.\\]\$/\\1/p" help)
	entry=$(sed -n "s/^\\.It Ic $command\\(.*\\)/\\1/p" "$docs/issuerctl.8" |
		sed 's/^ *Ar //; s/^ *Op Ar \(.*\)/[\1]/')
	is "issuerctl(8) has the arguments of $command" "$entry" "$usage"
done <commands

# long_options - of stdin, each "--name" once.
long_options() {
	grep -oE -- '--[a-z][a-z-]+' | sort -u
}

"$ctl" init --help | grep -E -- '--(config|output|help|dry-run)' | long_options >common
is "issuerctl(8) has the options that all commands have" \
	"$(sed -n '/^\.Sh DESC/,/^\.Ss /p' "$docs/issuerctl.8" | sed -n 's/^\.It.* Fl.* -\([a-z].*\)/-\1/p' |
		sed 's/ .*//; s/^/-/' | sort)" "$(cat common)"
is "issuerd(8) has the options of issuerd --help" \
	"$(sed -n 's/^\.It Fl \([a-zA-Z]\) , -\([a-z-]*\).*/-\1 --\2/p' "$docs/issuerd.8" | sort)" \
	"$("$daemon" --help | sed -n 's/^  \(-[a-zA-Z]\), \(--[a-z-]*\).*/\1 \2/p' | sort)"
for option in $("$daemon" --help | sed -n 's/^  -\([a-zA-Z]\), .*/\1/p'); do
	like "issuerd(8) has -$option in its synopsis" \
		"$(sed -n '/^\.Sh SYN/,/^\.Sh DESC/p' "$docs/issuerd.8")" "(Fl|[|]) $option( |\$)"
done

# ---- settings ----

# settings - "PATH VALUE" of each setting in what issuerd -T prints.
settings() {
	awk '
		function say(path, value) {
			gsub(/^ +|"/, "", value); print path, value }
		/^[a-z_]+:/ { split($0, a, ":"); top = a[1]; item = ""; say(top, substr($0, length(top) + 2)) }
		/^- / { item = "[]"; $0 = "  " substr($0, 3) }
		/^  [a-z_]+:/ {
			line = substr($0, 3); split(line, a, ":"); sub1 = a[1]
			say(top item "." sub1, substr(line, length(sub1) + 2)) }
		/^    [a-z_]+:/ {
			line = substr($0, 5); split(line, a, ":")
			say(top item "." sub1 "." a[1], substr(line, length(a[1]) + 2)) }'
}

# What is empty is not printed, so all is filled in.
sed 's/audiences: \[\]/audiences: [x]/; s/# \(client_[a-z]*:\)/\1/' "$conf" >full.yaml
"$daemon" -T -c full.yaml 2>errors | settings >in-force || bail "$(cat errors)"
page=$docs/issuerd.yaml.5
# A mapping of settings is no setting, but for tls, which may be there or not.
cut -d ' ' -f 1 in-force | grep -vxE 'keys|tokens|limits' | sort -u >known
is "issuerd.yaml(5) has the settings of issuerd -T" \
	"$(sed -n 's/^\.It Cm //p' "$page" | sort)" "$(cat known)"
is "no setting is there twice" "$(sed -n 's/^\.It Cm //p' "$page" | sort | uniq -d)" ""

# defaults - "PATH VALUE" of each setting whose default in the page is a literal.
defaults() {
	awk '/^\.It Cm / { path = $3 } /^\.Li / { print path, $2 } /^\.(El|S[hs])/ { path = "" }' "$page"
}

cat >least.yaml <<'END'
issuers: [{name: a, url: https://a.example}]
listeners: [{address: localhost:0, serves: [public, api]}]
END
"$daemon" -T -c least.yaml 2>errors | settings >least || bail "$(cat errors)"
is "issuerd.yaml(5) has the defaults in force" "$(defaults | grep -v '\[\]' | sort)" \
	"$(grep -E '^(keys\.|tokens\.|limits\.|log_level |log_format )' least | sort)"
is "so has the sample, whose values are the defaults" \
	"$("$daemon" -T -c "$conf" | settings | grep -E '^(keys\.|tokens\.|limits\.|log_level |log_format )')" \
	"$(grep -E '^(keys\.|tokens\.|limits\.|log_level |log_format )' least)"

# ---- events ----

# logged - the names of events in the sources of the daemon.
logged() {
	(cd "$SRCDIR" && cat issuer/*.c serve/*.c keys/*.c) |
		grep -oE '(log_event\(LOG_[A-Z]+|log_trouble\([^,]+), "[a-z_.]+"' | cut -d '"' -f 2 | sort -u
}
# named SECTION - the names that a section of issuerd(8) explains.
named() {
	sed -n "/^\\.Sh $1\$/,/^\\.Sh /p" "$docs/issuerd.8" | sed -n 's/^\.\(It \)\{0,1\}Sy //p' |
		tr ' ' '\n' | grep -E '^[a-z_]+(\.[a-z_]+)?$' | sort -u
}
is "every event is logged under a literal name" \
	"$(cd "$SRCDIR" && cat issuer/*.c serve/*.c keys/*.c | grep 'log_event(' |
		grep -vE 'log_event\(LOG_[A-Z]+, "[a-z_.]+"')" ""
is "issuerd(8) has the events of the log" "$(named LOG)" "$(logged)"
is "issuerd(8) has the events of the audit" "$(named AUDIT)" \
	"$( (cd "$SRCDIR" && cat store/*.[ch] keys/*.c issuer/*.c ctl/*.c | grep -vF 'log_event(') |
		grep -oE '"(token|review|audit|issuer|store|clock|key|account|node|pod|client|grant)\.[a-z]+"' | tr -d '"' | sort -u)"

# ---- the pages and the rest ----

for path in $pages; do
	name=$(basename "$path")
	if command -v groff >/dev/null; then
		is "groff finds nothing in $name" "$(groff -mdoc -Tutf8 -ww -z "$path" 2>&1)" ""
	else
		skip 1 "no groff"
	fi
	if command -v mandoc >/dev/null; then
		is "mandoc finds nothing in $name" "$(mandoc -Tlint -Wwarning "$path" 2>&1)" ""
	else
		skip 1 "no mandoc"
	fi
	for section in NAME DESCRIPTION FILES EXAMPLES 'SEE ALSO' 'SECURITY CONSIDERATIONS'; do
		like "$name has $section" "$(cat "$path")" "^\\.Sh $section\$"
	done
done

# missing FILE DIR - the paths that FILE names, from DIR on, and that are not there.
missing() {
	grep -oE '(\.?[a-z0-9]+/)+[A-Za-z0-9_.-]*[A-Za-z0-9_]' "$1" | sort -u | while read -r path; do
		case ${path%%/*} in
		base | conf | store | keys | setup | serve | issuer | ctl | agent | t | doc) [ -e "$2/$path" ] || echo "$path" ;;
		esac
	done
}
is "what README names exists" "$(missing "$SRCDIR/README" "$SRCDIR")" ""
is "what architecture.md names exists" "$(missing "$docs/architecture.md" "$SRCDIR")" ""
is "what key-rotation.md names exists" "$(missing "$docs/key-rotation.md" "$SRCDIR")" ""
for file in quickstart t/run SECURITY CHANGELOG; do
	ok "README's ./$file is there" test -f "$SRCDIR/$file"
done

texts=$(find "$docs" -name '*.md' -o -name '*.[58]' | sort)
# shellcheck disable=SC2086 # a list of words
is "no path of somebody's machine" \
	"$(cd "$SRCDIR" && grep -nE '/(home|work|root|Users)/' README CHANGELOG SECURITY $texts)" ""
for path in $texts; do
	case $path in
	*/decisions/*)
		like "$(basename "$path") begins with its number" "$(head -n 1 "$path")" \
			"^# $(basename "$path" | cut -c 1-4) "
		;;
	esac
done
done_testing
