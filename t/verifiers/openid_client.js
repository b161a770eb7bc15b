// openid_client.js ISSUER-URL TOKEN-FILE AUDIENCE - verifies by openid-client's discovery.
// The CA comes by NODE_EXTRA_CA_CERTS.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Issuer } from 'openid-client';

const [url, tokenFile, audience] = process.argv.slice(2);
const issuer = await Issuer.discover(url);
const client = new issuer.Client({
	client_id: audience,
	id_token_signed_response_alg: 'RS256',
});
try {
	const tokens = await client.validateIdToken(readFileSync(tokenFile, 'utf8'));
	const payload = JSON.parse(Buffer.from(String(tokens).split('.')[1], 'base64url'));
	console.log(payload.sub);
} catch (error) {
	console.error(`refused: ${error.message}`);
	process.exit(1);
}
