// jose.js ISSUER-URL TOKEN-FILE AUDIENCE - verifies by jose, given only the issuer's URL.
// The CA comes by NODE_EXTRA_CA_CERTS.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [issuer, tokenFile, audience] = process.argv.slice(2);
const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
try {
	const { payload } = await jwtVerify(readFileSync(tokenFile, 'utf8'), keys, {
		issuer,
		audience,
		algorithms: discovery.id_token_signing_alg_values_supported,
	});
	console.log(payload.sub);
} catch (error) {
	console.error(`refused: ${error.code ?? error}`);
	process.exit(1);
}
