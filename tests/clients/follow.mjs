// The graphql-ws client, told what to do on standard input, a command of JSON a line: node follow.mjs URL
//   {do: "connect", tokens: [...], keepAlive}   the tokens are sent one after the other, the last one ever after
//   {do: "subscribe", id, query, variables, resume}   with resume, `after` follows the last position received
//   {do: "stop", id}   {do: "drop"}   {do: "end"}
// What happens is printed, an event of JSON a line: {what: "connected" | "closed" | "ping" | "pong", ...} and
// {id, next | error | complete}.
import { createInterface } from 'node:readline';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const url = process.argv[2];
const say = (event) => console.log(JSON.stringify(event));
const stops = new Map();
let client;
let socket;

function connect({ tokens, keepAlive = 0 }) {
  let tries = 0;
  client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: tokens[Math.min(tries++, tokens.length - 1)] }),
    keepAlive,
    lazyCloseTimeout: 60_000,
    retryAttempts: 100,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
    on: {
      connected: (opened, payload, again) => {
        socket = opened;
        say({ what: 'connected', again, payload });
      },
      closed: ({ code, reason }) => say({ what: 'closed', code, reason }),
      ping: (received, payload) => say({ what: 'ping', received, payload }),
      pong: (received, payload) => say({ what: 'pong', received, payload }),
    },
  });
}

function subscribe({ id, query, variables = {}, resume = false }) {
  const sink = {
    next: (next) => {
      const position = Object.values(next.data ?? {})[0]?.position;
      // The client sends the same object again when it connects again: this is all that resuming takes.
      if (resume && position) variables.after = position;
      say({ id, next });
    },
    error: (error) => say({ id, error: Array.isArray(error) ? error : { code: error.code, reason: error.reason } }),
    complete: () => say({ id, complete: true }),
  };
  stops.set(id, client.subscribe({ query, variables }, sink));
}

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line);
  if (command.do === 'connect') connect(command);
  if (command.do === 'subscribe') subscribe(command);
  if (command.do === 'stop') stops.get(command.id)();
  if (command.do === 'drop') socket.terminate();
  if (command.do === 'end') await client.dispose();
}
