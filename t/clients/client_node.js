// client_node.js URL CA-FILE - @kubernetes/client-node at work. Each line of standard input is a
// call, and gets a line "STATUS JSON":
//   WHO token NAMESPACE NAME SPEC     createNamespacedServiceAccountToken
//   WHO review SPEC                   createTokenReview
//   WHO self                          createSelfSubjectReview
// WHO is a file with a token, or cert:FILE for FILE.pem and FILE.key; SPEC is JSON. Status is 0 if
// nothing was thrown: the library does not tell then.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AuthenticationV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';

const [server, caFile] = process.argv.slice(2);

function connect(who) {
	const file = who.replace(/^cert:/, '');
	const user = who === file
		? { token: readFileSync(file, 'utf8') }
		: { certFile: `${file}.pem`, keyFile: `${file}.key` };
	const config = new KubeConfig();
	config.loadFromOptions({
		clusters: [{ name: 'issuer', server, caFile }],
		users: [{ name: 'user', ...user }],
		contexts: [{ name: 'context', cluster: 'issuer', user: 'user' }],
		currentContext: 'context',
	});
	return config;
}

const deeds = {
	token: (config, [namespace, name, spec]) => config.makeApiClient(CoreV1Api)
		.createNamespacedServiceAccountToken({ namespace, name, body: { spec: JSON.parse(spec) } }),
	review: (config, [spec]) => config.makeApiClient(AuthenticationV1Api)
		.createTokenReview({ body: { spec: JSON.parse(spec) } }),
	self: (config) => config.makeApiClient(AuthenticationV1Api)
		.createSelfSubjectReview({ body: {} }),
};

for await (const line of createInterface({ input: process.stdin })) {
	const [who, deed, ...rest] = line.split(' ');
	try {
		console.log(`0 ${JSON.stringify(await deeds[deed](connect(who), rest))}`);
	} catch (error) {
		// Of a 401 the library has thrown the body away.
		console.log(Number.isInteger(error.code)
			? `${error.code} ${(error.body ?? 'null').trim()}`
			: `-1 ${JSON.stringify(String(error))}`);
	}
}
