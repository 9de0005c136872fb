// Tells a server that runs of events, signed by the Standard Webhooks library of JavaScript; and makes the
// source of the telling in Python, whose secret it prints.
//
//   node tell.mjs ADDRESS PACKAGES EMAIL PASSWORD
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [address, packages, email, password] = process.argv.slice(2);
const { Webhook } = createRequire(resolve(packages, 'package.json'))('standardwebhooks');
const api = (path) => new URL(`/api/v1${path}`, address);

const expect = (what, found, wanted) => {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
};

// The server may still be starting.
const ready = () => fetch(new URL('/health/ready', address)).then((answer) => answer.ok, () => false);
for (let tries = 0; !(await ready()); tries += 1) {
  if (tries > 1800) throw new Error('the server does not start');
  await new Promise((done) => setTimeout(done, 100));
}

const json = { 'content-type': 'application/json' };
const signIn = await fetch(api('/session'), {
  method: 'POST', headers: json, body: JSON.stringify({ email, password }),
});
expect('signing in', signIn.status, 200);
const cookie = signIn.headers.get('set-cookie').split(';')[0];
const ours = { ...json, cookie, origin: new URL(address).origin, 'x-requested-with': 'drill' };

const source = async (name) => {
  const body = JSON.stringify({ name, scheme: 'standard' });
  const made = await fetch(api('/webhook-sources'), { method: 'POST', headers: ours, body });
  expect(`source ${name}`, made.status, 201);
  return (await made.json()).secret;
};

const webhook = new Webhook(await source('javascript'));
const send = (id, date, body, signature) =>
  fetch(api('/webhooks/javascript'), {
    method: 'POST',
    body,
    headers: {
      ...json,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(date.getTime() / 1000)),
      'webhook-signature': signature,
    },
  }).then((answer) => answer.status);

const now = new Date();
const body = JSON.stringify({ type: 'video.completed', title: 'Grüße, 世界 🎬' });
const signature = webhook.sign('msg_js_1', now, body);
expect('a signed event', await send('msg_js_1', now, body, signature), 202);
expect('the same again', await send('msg_js_1', now, body, signature), 200);
expect('beside another signature', await send('msg_js_2', now, body, `v1,AAAA ${webhook.sign('msg_js_2', now, body)}`), 202);
expect('another body', await send('msg_js_3', now, `${body} `, webhook.sign('msg_js_3', now, body)), 401);
expect('another id', await send('msg_js_4', now, body, signature), 401);
const then = new Date(now.getTime() - 10 * 60 * 1000);
expect('ten minutes old', await send('msg_js_5', then, body, webhook.sign('msg_js_5', then, body)), 401);
console.error('JavaScript: events that it signs are taken, once; what it did not sign is refused');
console.log(await source('python'));
