// Checks letters with the Standard Webhooks library of JavaScript. Times are those of the drill, so the
// library is told that it is then.
//
//   node verify.mjs PACKAGES LETTERS
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [packages, letters] = process.argv.slice(2);
const { Webhook } = createRequire(resolve(packages, 'package.json'))('standardwebhooks');

let count = 0;
for (const line of readFileSync(letters, 'utf8').split('\n').filter(Boolean)) {
  const letter = JSON.parse(line);
  Date.now = () => Number(letter.timestamp) * 1000;
  const headers = {
    'webhook-id': letter.id,
    'webhook-timestamp': letter.timestamp,
    'webhook-signature': letter.signature,
  };
  const webhook = new Webhook(letter.secret);
  webhook.verify(letter.body, headers);
  let passes = true;
  try {
    webhook.verify(`${letter.body} `, headers);
  } catch {
    passes = false;
  }
  if (passes) throw new Error(`${letter.id}: another body passes, too`);
  count += 1;
}
if (count === 0) throw new Error('there is no letter');
console.log(`JavaScript: ${count} letters are signed as they should be`);
