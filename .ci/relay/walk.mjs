// Relay's own client pages through a list while others insert into it and delete from it.
//
//   EMAIL=… PASSWORD=… node walk.mjs ADDRESS
//
// Runs in a folder that has relay-runtime and what relay-compiler made of Pager.js. Fails when a row
// that was there all the while is missing at the end, or when any row is there twice.
import relay from 'relay-runtime';
import query from './src/__generated__/PagerQuery.graphql.js';

const { Environment, Network, RecordSource, Store, createOperationDescriptor, fetchQuery } = relay;

const LASTING = 120;
const PASSING = 60;
const PAGE = 7;

const address = process.argv[2];
const { origin } = new URL(address);
const headers = { 'content-type': 'application/json', origin, 'x-requested-with': 'walk' };
const { EMAIL: email, PASSWORD: password } = process.env;
const session = await fetch(new URL('/api/v1/session', address), {
  method: 'POST', headers, body: JSON.stringify({ email, password }),
});
const [cookie] = session.headers.getSetCookie();
headers.cookie = cookie.split(';')[0];

async function ask(text, variables) {
  const body = JSON.stringify({ query: text, variables });
  const answer = await (await fetch(address, { method: 'POST', headers, body })).json();
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer;
}

const CREATE = `mutation($title: String!, $userId: UUID!) {
  createThread(input: { title: $title, userId: $userId }) { id nodeId }
}`;
const VERSION = 'query($nodeId: ID!) { rowVersion(id: $nodeId) }';
const DELETE = 'mutation($id: UUID!, $rowVersion: String!) { deleteThread(id: $id, rowVersion: $rowVersion) }';
const me = await (await fetch(new URL('/api/v1/me', address), { headers })).json();
const create = async (title) => (await ask(CREATE, { title, userId: me.id })).data.createThread;
const remove = async ({ id, nodeId }) => {
  const { rowVersion } = (await ask(VERSION, { nodeId })).data;
  await ask(DELETE, { id, rowVersion });
};

// Titles say the order: rows come and go before, at, and behind the place of the walk.
const title = (at, word) => `${String(at).padStart(6, '0')} ${word}`;
const lasting = new Set();
for (let at = 0; at < LASTING; at += 1) lasting.add((await create(title(at * 100, 'lasting'))).id);
const passing = [];
for (let at = 0; at < PASSING; at += 1) passing.push(await create(title(at * 200 + 50, 'passing')));

const environment = new Environment({
  network: Network.create((operation, variables) => ask(operation.text, variables)),
  store: new Store(new RecordSource()),
  getDataID: (record) => record.nodeId,
});
const orderBy = ['TITLE_ASC'];
const variables = { first: PAGE, after: null, orderBy };
const operation = createOperationDescriptor(query, variables);
environment.retain(operation);
const list = () => environment.lookup(operation.fragment).data.threads;

let pages = 0;
for (let after = null; ; pages += 1) {
  await fetchQuery(environment, query, { first: PAGE, after, orderBy }).toPromise();
  const { hasNextPage, endCursor } = list().pageInfo;
  if (!hasNextPage) break;
  after = endCursor;
  const place = pages * PAGE * 100;
  // One before the walk, one where it stands, one behind; and two go, somewhere.
  for (const at of [place - 350, place + 1, place + 950]) await create(title(Math.max(at, 0), 'new'));
  for (let gone = 0; gone < 2 && passing.length > 0; gone += 1) {
    const [row] = passing.splice((pages * 31) % passing.length, 1);
    await remove(row);
  }
}

const seen = list().edges.map((edge) => edge.node.id);
const doubles = seen.length - new Set(seen).size;
const missing = [...lasting].filter((id) => !seen.includes(id)).length;
console.log(`Relay: ${pages + 1} pages, ${seen.length} rows, ${doubles} doubles, ${missing} missing`);
process.exit(doubles === 0 && missing === 0 && pages > 10 ? 0 : 1);
