// What relay-compiler compiles for walk.mjs.
import { graphql } from 'relay-runtime';

graphql`
  query PagerQuery($first: Int!, $after: String, $orderBy: [ThreadOrder!]) {
    threads(first: $first, after: $after, orderBy: $orderBy) @connection(key: "Pager_threads") {
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;
