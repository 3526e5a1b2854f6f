// Verifies a bundle in the browser, by what the README says of writing a verifier. Nothing of the file leaves the machine.

const EVENTS = "stored_events", PROOFS = "catch_proofs", DOCUMENTS = "catch_documents";
// As they are in every bundle of this form: a column or a trigger more could show to some what it hides from others.
const TABLES = {
  [EVENTS]: "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, PRIMARY KEY (originator_id, originator_version))",
  [PROOFS]: "CREATE TABLE catch_proofs (position INTEGER PRIMARY KEY, leaf INTEGER, recorded INTEGER, path BLOB)",
  [DOCUMENTS]: "CREATE TABLE catch_documents (name TEXT PRIMARY KEY, content TEXT)",
};
const UNSIGNED = ["form", "key", "checkpoint", "contents", "consistency"];
const LARGE = 2 ** 32;

export class NotProved extends Error {
  constructor(text, position = null) {
    super(text);
    this.position = position;
  }
}

function check(so, text, position) {
  if (!so) throw new NotProved(text, position);
}

// As much of SQLite as a bundle has: tables by row id, whose rows may go on in further pages. No index is read.

class Database {
  constructor(bytes) {
    check(text(bytes.subarray(0, 16)) === "SQLite format 3\0", "This is no bundle: it is no database.");
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.size = this.view.getUint16(16) === 1 ? 65536 : this.view.getUint16(16);
    check(this.size >= 512 && this.view.getUint32(56) === 1, "The file is damaged: it is no whole database.");
    this.usable = this.size - bytes[20];
    const found = [...this.rows(1)].map(([, row]) => row).filter(([, name]) => !name.startsWith("sqlite_autoindex"));
    this.tables = Object.fromEntries(found.map(([, name, , root]) => [name, root]));
    const known = found.every(([, name, , , sql]) => TABLES[name] === sql);
    check(known && found.length === 3, "This is no bundle: its tables are not those that a bundle has.");
  }

  *table(name) {
    let before = -1;
    for (const [id, row] of this.rows(this.tables[name])) {
      check(id > before, "The file is damaged: its rows are in no order.");
      before = id;
      yield [id, row];
    }
  }

  *rows(page, depth = 0) {
    check(depth < 40, "The file is damaged: its pages lead nowhere.");
    const start = (page - 1) * this.size, head = start + (page === 1 ? 100 : 0), kind = this.bytes[head];
    check(kind === 5 || kind === 13, "The file is damaged: it is no whole database.");
    const cells = head + (kind === 5 ? 12 : 8), count = this.view.getUint16(head + 3);
    for (let n = 0; n < count; n++) {
      const at = start + this.view.getUint16(cells + 2 * n);
      if (kind === 5) yield* this.rows(this.view.getUint32(at), depth + 1);
      else {
        const [length, after] = this.varint(at), [id, payload] = this.varint(after);
        yield [id, this.record(this.payload(payload, length))];
      }
    }
    if (kind === 5) yield* this.rows(this.view.getUint32(head + 8), depth + 1);
  }

  payload(at, length) {
    check(length <= this.bytes.length, "The file is damaged: a row is longer than the file.");
    const most = this.usable - 35, least = Math.floor(((this.usable - 12) * 32) / 255) - 23;
    const wanted = least + ((length - least) % (this.usable - 4));
    const here = length <= most ? length : wanted <= most ? wanted : least;
    const whole = new Uint8Array(length);
    whole.set(this.bytes.subarray(at, at + here));
    for (let done = here, page = here < length && this.view.getUint32(at + here); done < length; ) {
      const start = (page - 1) * this.size, part = Math.min(this.usable - 4, length - done);
      whole.set(this.bytes.subarray(start + 4, start + 4 + part), done);
      done += part;
      page = this.view.getUint32(start);
    }
    return whole;
  }

  varint(at, bytes = this.bytes) {
    let value = 0;
    for (let n = 0; n < 9; n++) {
      const byte = bytes[at + n];
      value = n === 8 ? value * 256 + byte : value * 128 + (byte & 127);
      if (n === 8 || byte < 128) {
        check(Number.isSafeInteger(value), "The file is damaged: a number is too large.");
        return [value, at + n + 1];
      }
    }
  }

  record(bytes) {
    const view = new DataView(bytes.buffer), row = [];
    let [from, at] = this.varint(0, bytes);
    const end = from;
    while (at < end) {
      const [kind, next] = this.varint(at, bytes);
      at = next;
      const length = kind >= 12 ? (kind - (kind % 2 ? 13 : 12)) / 2 : [0, 1, 2, 3, 4, 6, 8, NaN, 0, 0][kind];
      const part = bytes.subarray(from, (from += length));
      check(part.length === length, "The file is damaged: a row is cut off.");
      if (kind === 0) row.push(null);
      else if (kind >= 12) row.push(kind % 2 ? text(part) : part);
      else if (kind >= 8) row.push(kind - 8);
      else row.push(number(part, view.getInt8(from - length)));
    }
    return row;
  }
}

function number(part, sign) {
  let value = 0;
  for (const byte of part) value = value * 256 + byte;
  value = sign < 0 ? value - 256 ** part.length : value;
  check(Number.isSafeInteger(value), "The file is damaged: a number is too large.");
  return value;
}

function text(bytes) {
  return new TextDecoder().decode(bytes);
}

// Hashes and signatures

const utf8 = (said) => new TextEncoder().encode(said);
const same = (one, other) => one.length === other.length && one.every((byte, n) => byte === other[n]);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(parts)));
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function base64(said) {
  try {
    return Uint8Array.from(atob(said), (sign) => sign.charCodeAt(0));
  } catch {
    throw new NotProved("A key or a signature is not written as those are.");
  }
}

async function publicKey(said) {
  const parts = said.trim().match(/^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/);
  check(parts, "This is no public key: it is one line, as `catch audit key` prints it.");
  const data = base64(parts[3]), id = (await sha256(utf8(`${parts[1]}\n`), data)).subarray(0, 4);
  check(data.length === 33 && data[0] === 1 && hex(id) === parts[2], "This is no public key of a log.");
  return { said: said.trim(), name: parts[1], id, data };
}

async function opened(note, key) {
  const cut = note.lastIndexOf("\n\n"), signed = note.slice(0, cut + 1);
  const lines = note.slice(cut + 2, -1).split("\n"), written = lines.every((line) => /^— [^\s+]+ [A-Za-z0-9+/=]+$/.test(line));
  check(cut > 0 && note.endsWith("\n") && written, "What the bundle rests on is not written as signed notes are: it was changed.");
  const signatures = lines.map((line) => line.split(" ")).filter(([, name]) => name === key.name).map(([, , data]) => base64(data)).filter((each) => same(each.subarray(0, 4), key.id));
  check(signatures.length, "What the bundle rests on is not signed by its key.");
  const by = await crypto.subtle.importKey("raw", key.data.subarray(1), { name: "Ed25519" }, false, ["verify"]);
  for (const each of signatures) {
    const so = await crypto.subtle.verify({ name: "Ed25519" }, by, each.subarray(4), utf8(signed));
    check(so, "A signature does not fit: what the bundle rests on was changed.");
  }
  return signed.split("\n").slice(0, -1);
}

// The tree

function big(value, bytes) {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(value / LARGE));
  view.setUint32(4, value % LARGE);
  return new Uint8Array(view.buffer, 8 - bytes);
}

async function included(fact, size, root) {
  const name = utf8(fact.topic);
  const stream = Uint8Array.from(fact.stream.match(/../g), (pair) => parseInt(pair, 16));
  const leaf = [utf8("catch fact 1\n"), big(fact.position, 8), stream, big(fact.version, 8), big(fact.recorded, 8)];
  let hash = await sha256(Uint8Array.of(0), ...leaf, big(name.length, 4), name, fact.state);
  let i = fact.leaf, n = size - 1;
  const halve = () => ([i, n] = [Math.floor(i / 2), Math.floor(n / 2)]);
  for (let at = 0; at < fact.path.length; at += 32) {
    const beside = fact.path.subarray(at, at + 32);
    if (n === 0 || beside.length < 32) return false;
    if (i % 2 || i === n) {
      hash = await sha256(Uint8Array.of(1), beside, hash);
      while (i % 2 === 0 && i > 0) halve();
    } else hash = await sha256(Uint8Array.of(1), hash, beside);
    halve();
  }
  return n === 0 && fact.leaf < size && same(hash, root);
}

// The whole

export async function verified(bytes, given = "", progress = async () => {}) {
  if (!globalThis.crypto?.subtle) throw new Error("This browser verifies nothing on a connection that is not safe: use https.");
  try {
    return await proved(new Database(bytes), given, progress);
  } catch (problem) {
    if (problem instanceof NotProved) throw problem;
    if (problem.name === "NotSupportedError") throw new Error("This browser cannot check such signatures: use a newer one.");
    throw new NotProved("The file is damaged, or no bundle: it cannot be read.");
  }
}

async function proved(file, given, progress) {
  const documents = Object.fromEntries([...file.table(DOCUMENTS)].map(([, row]) => row));
  check(documents.form === "catch bundle 1", "This bundle is of a form that is not known here.");
  const key = await publicKey(documents.key ?? "");
  check(!given.trim() || same((await publicKey(given)).data, key.data), "The bundle was signed with another key than the one given: somebody else made it.");
  const [origin, size, root] = await opened(documents.checkpoint ?? "", key);
  const [first, also, again, ...said] = await opened(documents.contents ?? "", key);
  const one = origin === key.name && first === `${origin} contents` && size === also && root === again;
  check(one && /^[0-9]{1,15}$/.test(size), "Key, checkpoint and contents of the bundle are not of one log and one moment.");
  const facts = await each(file, Number(size), base64(root), whole(said), progress);
  await besides(said, documents);
  return { facts, origin, size: Number(size), key: key.said, believed: !given.trim(), place: documents.place };
}

async function each(file, size, root, contents, progress) {
  const proofs = new Map(file.table(PROOFS)), versions = new Map();
  let count = 0, last = { leaf: contents.part ? contents.part[2] - 1 : -1 };
  for (const [position, row] of file.table(EVENTS)) {
    const [stream, version, topic, state] = row, [next] = proofs.keys(), proof = proofs.get(position);
    check(!(next < position), "This fact was taken out of the bundle: its proof is here, and it is not.", next);
    check(proof, "This fact has no proof: it was put in, or its proof was taken out.", position);
    proofs.delete(position);
    const fact = { position, stream, version, topic, state, leaf: proof[1], recorded: proof[2], path: proof[3] };
    const kept = /^[0-9a-f]{32}$/.test(stream) && typeof topic === "string" && [state, fact.path].every((part) => part instanceof Uint8Array);
    check(kept && [version, fact.leaf, fact.recorded].every((n) => typeof n === "number" && n >= 0), "This fact is not stored as facts are: it was changed.", position);
    check(await included(fact, size, root), "This fact is not the one that was signed, or its proof was changed.", position);
    check(fact.leaf > last.leaf, "Positions and places in the tree do not rise together.", position);
    following(fact, last, contents, versions);
    last = fact;
    if (++count % 500 === 0) await progress(count);
  }
  const [left] = proofs.keys(), behind = count ? last.position + 1 : null;
  check(left === undefined, "This fact was taken out of the bundle: its proof is here, and it is not.", left);
  const ended = contents.part ? last.leaf + 1 === contents.part[3] : [...contents.heads].every(([stream, head]) => (versions.get(stream) ?? 0) === head);
  check(ended, "Facts are missing at the end: they were taken out of the bundle.", behind);
  return count;
}

// What the bundle says it holds whole: streams up to their heads, or a part of the log.

function whole(said) {
  const heads = new Map();
  let part = null;
  for (const line of said) {
    const stream = line.match(/^stream ([0-9a-f-]{36}) (\d+)$/), positions = line.match(/^positions (\d+) (\d+) leaves (\d+) (\d+)$/);
    if (stream) heads.set(stream[1].replaceAll("-", ""), Number(stream[2]));
    else if (positions) part = positions.slice(1).map(Number);
    else check(/^document [\w./@-]+ [0-9a-f]{64}$/.test(line), "The bundle does not say what it holds in a way that is understood here.");
  }
  return { heads, part };
}

function following(fact, last, { heads, part }, versions) {
  if (part) {
    check(fact.position >= part[0] && fact.position <= part[1], "This fact is not of the part that the bundle was made of.", fact.position);
    check(fact.leaf === last.leaf + 1, "Before this fact others are missing: they were taken out of the bundle.", fact.position);
    return;
  }
  check(heads.has(fact.stream), "This fact is of a stream that the bundle does not speak of.", fact.position);
  const expected = (versions.get(fact.stream) ?? 0) + 1;
  check(fact.version === expected, `Before this fact version ${expected} of its stream is missing: it was taken out of the bundle.`, fact.position);
  versions.set(fact.stream, fact.version);
}

async function besides(said, documents) {
  const told = new Map(said.map((line) => line.split(" ")).filter(([kind]) => kind === "document").map(([, name, digest]) => [name, digest]));
  const there = Object.keys(documents).filter((name) => !UNSIGNED.includes(name));
  let so = there.length === told.size;
  for (const name of there) so &&= told.get(name) === hex(await sha256(utf8(String(documents[name]))));
  check(so, "What the bundle holds besides facts is not what was signed with them: it was changed.");
}

// The page

function begin() {
  const part = document.querySelector("[data-bundle]");
  if (!part?.hidden) return;
  const file = part.querySelector("input[type=file]"), key = part.querySelector("textarea"), says = part.querySelector("[role=status]");
  const say = (lines) => says.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  part.querySelector("button").addEventListener("click", async () => {
    if (!file.files.length) return say(["Choose a bundle first."]);
    say(["Verifying ..."]);
    try {
      const shown = async (count) => {
        say([`Verifying: ${count.toLocaleString("en-GB")} facts so far ...`]);
        await new Promise((done) => setTimeout(done));
      };
      const found = await verified(new Uint8Array(await file.files[0].arrayBuffer()), key.value, shown);
      const count = found.facts.toLocaleString("en-GB"), size = found.size.toLocaleString("en-GB");
      say([
        ...(found.place ? [found.place] : []),
        `Proved: ${count} facts, each as it was signed, and none missing.`,
        `Signed: log ${found.origin}, when it had ${size} facts, by ${found.key}`,
        ...(found.believed ? ["The key is the bundle's own: compare it with the one that the place gave out."] : []),
      ]);
    } catch (problem) {
      const where = problem.position == null ? "" : ` at position ${problem.position}`;
      say([problem instanceof NotProved ? `NOT PROVED${where}: ${problem.message}` : problem.message]);
    }
  });
  part.hidden = false;
}

if (globalThis.document) {
  begin();
  document.addEventListener("catch:renewed", begin);
}
