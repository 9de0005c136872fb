// tus as its own JavaScript client speaks it, against a server that runs: a document whose line breaks
// off and that another client goes on with.
//
//   node tus.mjs ADDRESS PACKAGES EMAIL PASSWORD
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [address, packages, email, password] = process.argv.slice(2);
const require = createRequire(resolve(packages, 'package.json'));
const tus = require('tus-js-client');

const MIB = 1024 * 1024;
const fail = (text) => {
  console.error(text);
  process.exit(1);
};

// The server may still be starting.
const ready = () => fetch(new URL('/health/ready', address)).then((answer) => answer.ok, () => false);
for (let tries = 0; !(await ready()) && tries < 1800; tries += 1) {
  await new Promise((done) => setTimeout(done, 100));
}

const json = { 'content-type': 'application/json', origin: address, 'x-requested-with': 'tus' };
const session = await fetch(new URL('/api/v1/session', address), {
  method: 'POST',
  headers: json,
  body: JSON.stringify({ email, password }),
});
if (!session.ok) fail(`cannot sign in: ${session.status}`);
const cookie = session.headers.get('set-cookie').split(';')[0];
const made = await fetch(new URL('/api/v1/me/keys', address), {
  method: 'POST',
  headers: { ...json, cookie },
  body: JSON.stringify({ name: `tus ${process.pid}`, scopes: ['read', 'write'] }),
});
const { key } = await made.json();
const headers = { 'x-api-key': key };

const content = Buffer.alloc(30 * MIB, 'walrus ');
content.write('%PDF-1.7\n');
content.write('\n%%EOF\n', content.length - 7);
const options = {
  endpoint: `${address}/api/v1/uploads/tus`,
  headers,
  chunkSize: 4 * MIB,
  retryDelays: [100, 500, 1000, 2000, 4000, 8000, 16000],
  metadata: { filename: 'walrus.pdf', filetype: 'application/pdf' },
};

// The first client is cut off in the middle.
const place = await new Promise((done, broken) => {
  const upload = new tus.Upload(content, {
    ...options,
    onError: broken,
    onSuccess: () => broken(new Error('it was to break off')),
    onProgress: (sent) => {
      if (sent > 10 * MIB) upload.abort().then(() => done(upload.url), broken);
    },
  });
  upload.start();
}).catch((error) => fail(`the first client: ${error}`));

const head = await fetch(place, { method: 'HEAD', headers: { ...headers, 'tus-resumable': '1.0.0' } });
const here = Number(head.headers.get('upload-offset'));
if (!(here >= 4 * MIB && here < content.length)) fail(`${here} bytes are here after the break`);

// Another client, which knows the address alone, goes on.
let first;
await new Promise((done, broken) => {
  const upload = new tus.Upload(content, {
    ...options,
    uploadUrl: place,
    onError: broken,
    onSuccess: done,
    onProgress: (sent) => {
      first ??= sent;
    },
  });
  upload.start();
}).catch((error) => fail(`the second client: ${error}`));
if (first < 4 * MIB) fail(`the second client began anew, at ${first}`);

const id = place.split('/').pop();
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const row = await (await fetch(`${address}/api/v1/uploads/${id}`, { headers })).json();
const got = await fetch(`${address}/api/v1/uploads/${id}/content`, { headers });
const bytes = Buffer.from(await got.arrayBuffer());
if (row.status !== 'complete' || row.sha256 !== sha256(content)) fail(JSON.stringify(row));
if (sha256(bytes) !== sha256(content)) fail('other bytes came back');

// A range across what were two parts, and the end of it all.
const range = await fetch(`${address}/api/v1/uploads/${id}/content`, {
  headers: { ...headers, range: `bytes=${8 * MIB - 5}-${8 * MIB + 4}` },
});
const part = Buffer.from(await range.arrayBuffer());
if (range.status !== 206 || !part.equals(content.subarray(8 * MIB - 5, 8 * MIB + 5))) fail('the range');
const form = new FormData();
form.append('file', new Blob(['text']), 'a.txt');
const document = await fetch(`${address}/api/v1/uploads/document`, { method: 'POST', headers, body: form });
if (document.status !== 201) fail(await document.text());
const gone = await fetch(`${address}/api/v1/uploads/${id}`, { method: 'DELETE', headers });
if (gone.status !== 204) fail(`${gone.status} to the removal`);

console.log(`${here} bytes were here after the break, gone on at ${first}, all ${content.length} right`);
console.log('1 passed, 0 failed');
