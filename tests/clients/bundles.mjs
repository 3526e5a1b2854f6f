// Reads from standard input, a line each, a path and a key; says of each bundle what the console's page would.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

const { NotProved, verified } = await import(process.argv[2]);

for await (const line of createInterface({ input: process.stdin })) {
  const [path, key] = line.split("\t");
  try {
    const { facts } = await verified(new Uint8Array(await readFile(path)), key);
    console.log(JSON.stringify({ facts }));
  } catch (problem) {
    if (!(problem instanceof NotProved)) throw problem;
    console.log(JSON.stringify({ position: problem.position }));
  }
}
