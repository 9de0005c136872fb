// The page at /graphiql: GraphiQL over this server's own doors, and nothing from elsewhere.
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { setNonce } from 'get-nonce';
import 'graphiql/graphiql.css';

// A dialog adds a style of its own, which the page's policy knows by this.
setNonce(document.querySelector('meta[name="nonce"]').content);

// The page stands beside the endpoint, whatever path both are reached under.
const url = new URL('graphql', document.baseURI);
const socket = new URL(url);
socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

const fetcher = createGraphiQLFetcher({
  url: url.href,
  // A write with a session's cookie needs it.
  headers: { 'X-Requested-With': 'GraphiQL' },
  wsClient: createClient({ url: socket.href, lazy: true }),
});
const hello = `# Ask for what you may see; Ctrl-Space completes, Ctrl-Enter runs.
#
#   { runs(first: 5) { nodes { id status } } }
#
# What you listen to comes over a WebSocket:
#
#   subscription { runChanged { id status currentStage } }

{
  me { email role }
}
`;
const page = document.getElementById('graphiql');
createRoot(page).render(createElement(GraphiQL, { fetcher, defaultQuery: hello }));
