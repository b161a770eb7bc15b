#!/bin/sh
# What is written about the programs is what they do: commands, options, settings with their
# defaults, names of events and metrics; the manual pages are sound, the samples are good, and what
# README names exists.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/tap.sh"

ctl=$BUILDDIR/issuerctl
daemon=$BUILDDIR/issuerd
agent=$BUILDDIR/issuer-agent
docs=$SRCDIR/doc
pages="$docs/issuerd.8 $docs/issuerctl.8 $docs/issuerd.yaml.5 $docs/issuer-agent.1 $docs/issuer-agent.yaml.5"

# ---- commands and options ----

# help_commands - "NOUN", or "NOUN VERB", of each command that issuerctl knows.
help_commands() {
	"$ctl" --help | sed -n 's/^  \([a-z].*\)  .*/\1/p' |
		awk '{ print $1 ($2 ~ /^[a-z-]+$/ ? " " $2 : "") }'
}

# page_commands PAGE - the same, from the manual: each ".It Ic NOUN [VERB] [Ar ...]".
page_commands() {
	sed -n 's/^\.It Ic //p' "$1" | sed 's/ \(Ar\|Op\) .*//'
}

# init has no verb, and its summary must not be taken for one.
commands=$(help_commands | sed 's/^init .*/init/')
is "issuerctl(8) has the commands of issuerctl --help, in that order" "$(page_commands "$docs/issuerctl.8")" "$commands"

# help_options - what a command's --help lists, as "--name METAVAR"; $1 leaves out what all have.
help_options() {
	sed -n 's/^  \(-[a-zA-Z], \|    \)--\([a-z-]*\)\( [A-Z=]*\)\{0,1\} .*/--\2\3/p' |
		sed 's/ *$//' |
		grep -vE '^--(config|output|help|dry-run)( |$)' | sort
}

# page_options PAGE COMMAND - the options under its entry in the manual, in the same form.
page_options() {
	awk -v want="$2" '
		/^\.It Ic / {
			name = substr($0, 8); sub(/ (Ar|Op) .*/, "", name); inside = name == want }
		/^\.S[hs] / { inside = 0 }
		inside && /^\.It Fl [a-z] , -/ { print "-" $5 ($6 == "Ar" ? " " $7 : "") }
		inside && /^\.It Fl -/ { print "-" $3 ($4 == "Ar" ? " " $5 : "") }
	' "$1" | sort
}

echo "$commands" >commands
while read -r noun verb; do
	command=$noun${verb:+ $verb}
	"$ctl" "$noun" ${verb:+"$verb"} --help >help 2>&1 || fail "$command --help works" "$(cat help)"
	is "issuerctl(8) has the options of $command" "$(page_options "$docs/issuerctl.8" "$command")" \
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

# letters PROGRAM - "-x --name" of each option with a letter that its --help lists.
letters() {
	"$1" --help | sed -n 's/^  \(-[a-zA-Z]\), \(--[a-z-]*\).*/\1 \2/p' | sort
}

# page_letters PAGE - the same, from the manual.
page_letters() {
	sed -n 's/^\.It Fl \([a-zA-Z]\) , -\([a-z-]*\).*/-\1 --\2/p' "$1" | sort
}

# check_letters PROGRAM PAGE - they are the same, and the synopsis has them.
check_letters() {
	letters_name="$(basename "$1")(${2##*.})"
	is "$letters_name has the options of $(basename "$1") --help" "$(page_letters "$2")" "$(letters "$1")"
	for option in $(letters "$1" | cut -c 2); do
		like "$letters_name has -$option in its synopsis" \
			"$(sed -n '/^\.Sh SYN/,/^\.Sh DESC/p' "$2")" "(Fl|[|]) $option( |\$)"
	done
}
check_letters "$daemon" "$docs/issuerd.8"
check_letters "$agent" "$docs/issuer-agent.1"

# agent_options COMMAND - the long options that issuer-agent --help says are of it.
agent_options() {
	"$agent" --help | grep -E " of ([a-z]+ and )?$1( and [a-z]+)?:" |
		sed -n 's/^  \(-[a-z], \|    \)--\([a-z-]*\) *\([A-Z/]*\) .*/--\2 \3/p' | sort
}
# page_option_defaults PAGE COMMAND - "--name VALUE" of each option of it whose default is a literal.
page_option_defaults() {
	awk -v want="$2" '
		/^\.It Ic / { inside = $3 == want }
		/^\.S[hs] / { inside = 0 }
		inside && /^\.It Fl -/ { name = "-" $3 }
		inside && /^\.Li / { print name, $2 }
	' "$1" | sort
}
agent_commands=$("$agent" --help | sed -n 's/^ .*\[-c FILE\] \([a-z][a-z]*\).*/\1/p')
is "issuer-agent(1) has the commands of issuer-agent --help, in that order" \
	"$(page_commands "$docs/issuer-agent.1")" "$agent_commands"
for command in $agent_commands; do
	is "issuer-agent(1) has the options of $command" \
		"$(page_options "$docs/issuer-agent.1" "$command")" "$(agent_options "$command")"
	like "issuer-agent(1) has $command in its synopsis" \
		"$(sed -n '/^\.Sh SYN/,/^\.Sh DESC/p' "$docs/issuer-agent.1")" "Ic $command\$"
done

is "issuer-agent(1) has the defaults of exec's options" "$(page_option_defaults "$docs/issuer-agent.1" exec)" \
	"$("$agent" --help | sed -n 's/^.* --\([a-z-]*\) .* of .*exec.*(\([a-z0-9.]*\))$/--\1 \2/p' | sort)"

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

# defaults PAGE - "PATH VALUE" of each setting whose default in the page is a literal.
defaults() {
	awk '/^\.It Cm / { path = $3 } /^\.Li / { print path, $2 } /^\.(El|S[hs])/ { path = "" }' "$1"
}

# check_settings PROGRAM PAGE SAMPLE NO_SETTINGS WITH_DEFAULT - the page has the settings of
# full*.yaml together, and the defaults of least.yaml, as PROGRAM prints them; in SAMPLE they have the same
# values. NO_SETTINGS are mappings of settings, and WITH_DEFAULT settings (both patterns).
check_settings() {
	settings_name=$(basename "$1")
	settings_page="${2##*/}"
	settings_page="${settings_page%.*}(${2##*.})"
	for full in full*.yaml; do
		"$1" -T -c "$full" 2>errors | settings || bail "$(cat errors)"
	done >in-force
	cut -d ' ' -f 1 in-force | grep -vxE "$4" | sort -u >known
	is "$settings_page has the settings of $settings_name -T" \
		"$(sed -n 's/^\.It Cm //p' "$2" | sort)" "$(cat known)"
	is "no setting is there twice in $settings_page" "$(sed -n 's/^\.It Cm //p' "$2" | sort | uniq -d)" ""
	"$1" -T -c least.yaml 2>errors | settings | grep -E "$5" >least || bail "$(cat errors)"
	is "$settings_page has the defaults in force" "$(defaults "$2" | grep -v ' \[\]$' | sort)" "$(sort least)"
	is "$settings_name takes its sample" "$("$1" -t -c "$3" 2>&1)" "$3: the configuration is good"
	is "so has the sample, whose values are the defaults" \
		"$("$1" -T -c "$3" | settings | grep -E "$5")" "$(cat least)"
}

# What is empty is not printed, so all is filled in.
sed 's/audiences: \[\]/audiences: [x]/; s/# \(client_[a-z]*:\)/\1/' "$SRCDIR/conf/issuerd.yaml" >full.yaml
cat >least.yaml <<'END'
issuers: [{name: a, url: https://a.example}]
listeners: [{address: localhost:0, serves: [public, api]}]
END
check_settings "$daemon" "$docs/issuerd.yaml.5" "$SRCDIR/conf/issuerd.yaml" 'keys|tokens|limits' \
	'^(keys\.|tokens\.|limits\.|log_level |log_format )'

# Some exclude each other, so a second item of a list has the rest, and a second file.
cat >full.yaml <<'END'
state: s
server: {url: https://a.example, ca: a, certificate: a, key: a}
projections:
  - {service_account: a/a, directory: d, owner: "0", group: "0", role_arn: "arn:aws:iam::123456789012:role/a",
     region: a, bound: {kind: Pod, name: a, uid: a}}
  - {service_account: a/a, path: p}
listeners: [{address: localhost:0, serves: [metrics]}, {socket: s, serves: [metrics]}]
sts: {url: https://a.example, ca: a}
END
echo 'server: {url: https://a.example, socket: s, secret_file: a}' >full-socket.yaml
cat >least.yaml <<'END'
server: {url: https://a.example, socket: s, secret_file: a}
projections: [{service_account: a/a, directory: d}]
END
check_settings "$agent" "$docs/issuer-agent.yaml.5" "$SRCDIR/conf/issuer-agent.yaml" '' \
	'^(server\.keys_check|projections\[\]\.(audience|lifetime|file|mode)|sts\.lifetime|log_level|log_format) '

# ---- events ----

# sources ROOM... - the text of all their files in C.
sources() {
	for room in "$@"; do
		cat "$SRCDIR/$room"/*.c
	done
}
# logged ROOM... - the names of events in their sources.
logged() {
	sources "$@" | tr '\n\t' '  ' | grep -oE '(log_event\(LOG_[A-Z]+|log_trouble\([^,]+), *"[a-z_.]+"' |
		cut -d '"' -f 2 | sort -u
}
# named PAGE SECTION - the names that a section of it explains.
named() {
	sed -n "/^\\.Sh $2\$/,/^\\.Sh /p" "$1" | sed -n 's/^\.\(It \)\{0,1\}Sy //p' |
		tr ' ' '\n' | grep -E '^[a-z_]+(\.[a-z_]+)?$' | sort -u
}
# check_events PAGE ROOM... - the page has what the rooms log.
check_events() {
	events_page="$1"
	shift
	is "every event of $* is logged under a literal name" \
		"$(sources "$@" | grep 'log_event(' | grep -vE 'log_event\(LOG_[A-Z]+, "[a-z_.]+"')" ""
	is "$(basename "$events_page") has the events of the log" "$(named "$events_page" LOG)" "$(logged "$@")"
}
check_events "$docs/issuerd.8" issuer serve keys
check_events "$docs/issuer-agent.1" agent serve
is "issuerd(8) has the events of the audit" "$(named "$docs/issuerd.8" AUDIT)" \
	"$( (cd "$SRCDIR" && cat store/*.[ch] keys/*.c issuer/*.c ctl/*.c | grep -vF 'log_event(') |
		grep -oE '"(token|review|audit|issuer|store|clock|key|account|node|pod|client|grant)\.[a-z]+"' | tr -d '"' | sort -u)"

# ---- metrics ----

is "issuer-agent(1) has the metrics of the agent" "$(named "$docs/issuer-agent.1" METRICS)" \
	"$(sources agent | grep -oE '"issuer_agent_[a-z_]+"' | tr -d '"' | sort -u)"

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

# check_unit PROGRAM [WAY SED-SCRIPT] - systemd finds nothing in its unit, with lines changed so.
check_unit() {
	sed -e '/^Documentation=/d' -e "s|^ExecStart=[^ ]*|ExecStart=$BUILDDIR/$1|" -e "${3:-}" \
		"$BUILDDIR/conf/$1.service" >"$1.service"
	if command -v systemd-analyze >/dev/null; then
		is "systemd finds nothing in $1.service${2:+, $2}" "$(systemd-analyze verify "./$1.service" 2>&1)" ""
	else
		skip 1 "no systemd-analyze"
	fi
}
for program in issuerd issuer-agent; do
	check_unit "$program"
	check_unit "$program" "what is commented out in force" 's/^#\([A-Z][A-Za-z]*=\)/\1/'
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
is "what agent.md names exists" "$(missing "$docs/agent.md" "$SRCDIR")" ""
is "what architecture.md names exists" "$(missing "$docs/architecture.md" "$SRCDIR")" ""
is "what key-rotation.md names exists" "$(missing "$docs/key-rotation.md" "$SRCDIR")" ""
for file in quickstart t/run SECURITY CHANGELOG; do
	ok "README's ./$file is there" test -f "$SRCDIR/$file"
done

texts=$(find "$docs" -name '*.md' -o -name '*.[158]' | sort)
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
