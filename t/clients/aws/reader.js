// reader.js - the AWS SDK for JavaScript reads the projected token again and again, as its users do
// (fromTokenFile, configured by environment variables), until a file appears. It prints how many times, and
// a line for each failure.
//
//   node reader.js STS STOP
//
// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { fromTokenFile } from "@aws-sdk/credential-providers";

const [sts, stop] = process.argv.slice(2);
let reads = 0;
const failures = [];
while (!existsSync(stop)) {
	try {
		const provider = fromTokenFile({ clientConfig: { endpoint: sts, region: "eu-central-1", maxAttempts: 1 } });
		const credentials = await provider();
		if (!credentials.sessionToken || !credentials.accessKeyId.startsWith("ASIA"))
			throw new Error("no credentials");
	} catch (e) {
		failures.push(`${e.name}: ${e.message}`);
	}
	reads++;
}
console.log(`${reads} reads`);
for (const f of failures.slice(0, 20)) console.log(f);
