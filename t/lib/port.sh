# port.sh - TCP ports on localhost for quickstart and tests. Below the range that the kernel gives
# to outgoing connections, so nothing takes one by chance.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# port_is_free PORT - does nobody answer there? (Who starts a server finds out for certain.)
port_is_free() {
	curl -s -o /dev/null --connect-timeout 2 "telnet://127.0.0.1:$1" </dev/null
	[ $? -eq 7 ]
}

# port_random - prints a port that is free right now.
port_random() {
	while :; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		if port_is_free "$port"; then
			echo "$port"
			return
		fi
	done
}
