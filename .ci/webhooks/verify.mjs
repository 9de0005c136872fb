// Checks letters with the Standard Webhooks library of JavaScript.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const now = Date.now;
let count = 0;
for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  const letter = JSON.parse(line);
  Date.now = () => Number(letter.timestamp) * 1000;
  const headers = {
    "webhook-id": letter.id,
    "webhook-timestamp": letter.timestamp,
    "webhook-signature": letter.signature,
  };
  new Webhook(letter.secret).verify(letter.body, headers);
  let passes = true;
  try {
    new Webhook(letter.secret).verify(`${letter.body} `, headers);
  } catch {
    passes = false;
  }
  if (passes) throw new Error(`${letter.id}: another body passes, too`);
  count += 1;
}
Date.now = now;
if (count === 0) throw new Error("there is no letter");
console.log(`JavaScript: ${count} letters are signed as they should be`);
