// The audits of GraphQL over HTTP, from the package graphql-http, against a server that runs.
//
//   node audit.mjs ADDRESS PACKAGES
//
// Fails when one audit fails, when one only warns, or when not all were run.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/// How many audits the pinned version has.
const ALL = 61;

const [address, packages] = process.argv.slice(2);
const require = createRequire(resolve(packages, 'package.json'));
const { serverAudits } = require('graphql-http');

// The server may still be starting.
const ready = () => fetch(new URL('/health/ready', address)).then((answer) => answer.ok, () => false);
for (let tries = 0; !(await ready()) && tries < 1800; tries += 1) {
  await new Promise((done) => setTimeout(done, 100));
}

const audits = serverAudits({ url: address, fetchFn: fetch });
let passed = 0;
const failed = [];
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === 'ok') passed += 1;
  else failed.push(`${audit.id} ${audit.name}: ${result.status}: ${result.reason}`);
}
for (const line of failed) console.log(line);
if (audits.length !== ALL) {
  console.log(`the suite has ${audits.length} audits, not ${ALL}`);
}
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 && audits.length === ALL ? 0 : 1);
