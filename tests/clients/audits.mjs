// The audits of graphql-http (GraphQL over HTTP) against a server: node audits.mjs URL TOKEN
// Prints one line of JSON for each: {id, name, status: "ok" | "notice" | "warn" | "error", reason}.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);

function fetchFn(address, init = {}) {
  return fetch(address, { ...init, headers: { ...init.headers, authorization: token } });
}

for (const audit of serverAudits({ url, fetchFn })) {
  const { response, ...found } = await audit.fn();
  await response?.body?.cancel().catch(() => {});
  console.log(JSON.stringify(found));
}
