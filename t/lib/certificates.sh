# certificates.sh - certificates for quickstart and tests. Made in the working directory, keys for
# their owner alone.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# certificates_request OPTION... - a new key, and a request for it (or with -x509 a certificate).
certificates_request() {
	(umask 077 && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@")
}

# certificates_ca NAME - a CA: ca.pem, ca.key.
certificates_ca() {
	certificates_request -x509 -days 3650 -subj "/CN=$1" -keyout ca.key -out ca.pem
}

# certificates_for FILE NAME ALT-NAMES - FILE.pem and FILE.key, signed by that CA for a year.
certificates_for() {
	certificates_request -subj "/CN=$2" -keyout "$1.key" -out "$1.csr" || return 1
	echo "subjectAltName=$3" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 \
		-extfile "$1.ext" -out "$1.pem"
}

# certificates_localhost - server.pem and server.key for this machine.
certificates_localhost() {
	certificates_for server localhost 'DNS:localhost,IP:127.0.0.1,IP:::1'
}
