#!/usr/bin/env bash
# Makes graphiql.js.gz, graphiql.css.gz and LICENSES.txt anew, from the packages that
# package-lock.json names. What it makes is checked in: a build of Chancery needs neither Node nor
# a network. The same versions give the same bytes.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp package.json package-lock.json entry.js "$work"
cd "$work"
npm ci --no-audit --no-fund --silent
npx esbuild entry.js --bundle --minify --format=iife --target=es2020 --charset=utf8 \
  --define:process.env.NODE_ENV='"production"' --legal-comments=none \
  --metafile=meta.json --outfile=graphiql.js --log-level=warning
# Fonts of its own would make most of the style sheet; the browser's do.
node -e '
  const fs = require("fs");
  const css = fs.readFileSync("graphiql.css", "utf8");
  fs.writeFileSync("graphiql.css", css.replace(/@font-face\s*\{[^}]*\}/g, ""));
'
for file in graphiql.js graphiql.css; do
  gzip --no-name -9 --stdout "$file" >"$here/$file.gz"
done
# Who wrote what is in the bundle, and on what terms.
node - >"$here/LICENSES.txt" <<'JS'
const fs = require('fs');
const inputs = Object.keys(JSON.parse(fs.readFileSync('meta.json')).inputs);
const packages = new Set();
for (const path of inputs) {
  const found = path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}
console.log('What graphiql.js.gz and graphiql.css.gz are made of, and its licences.');
for (const path of [...packages].sort()) {
  const { name, version, license } = JSON.parse(fs.readFileSync(`${path}/package.json`));
  console.log(`\n${'='.repeat(72)}\n${name} ${version}: ${license}\n`);
  const file = fs.readdirSync(path).find((file) => /^licen[cs]e/i.test(file));
  if (file) console.log(fs.readFileSync(`${path}/${file}`, 'utf8').trim());
}
JS
