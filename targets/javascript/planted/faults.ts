// Faults inside user code, as in targets/planted-go/code.go. Each has a separate function.
import { createHash } from "node:crypto";
import { format } from "node:util";

/** Size of buffers which are copied, zeroed or hashed. */
const size = 64 << 10;

type Fault = () => void;

/** Returns a fault by its name. */
export function plant(name: string): Fault {
  const fault = faults[name];
  if (!fault) throw new Error(`no fault is called ${name}`);
  return fault();
}

const faults: Record<string, () => Fault> = {
  "": () => () => {},
  json: jsonAgain,
  copy: copies,
  zero: () => zeroBuffer,
  regex: () => searchText,
  log: () => logLine,
  storm,
  hash: hashing,
};

/** JSON is parsed and written once more than needed. */
function jsonAgain(): Fault {
  const content = 'a word "or" two '.repeat(4);
  const messages = Array.from({ length: 20 }, () => ({ role: "user", content }));
  const text = JSON.stringify({ model: "stub", stream: true, messages });
  return function rewriteJson() {
    if (JSON.stringify(JSON.parse(text)).length !== text.length) throw new Error("JSON was not written as it was read");
  };
}

/** A buffer is copied. */
function copies(): Fault {
  const [from, to] = [new Uint8Array(size), new Uint8Array(size)];
  return function copyBuffer() {
    to.set(from);
  };
}

/** Keeps results, so that no engine leaves their computation out. */
export const kept: { text?: string } = {};

const pooled = new Uint8Array(size);

/** A buffer is zeroed before it is used again. New ones would mostly cost garbage collection. */
function zeroBuffer() {
  pooled.fill(0);
}

const address = /(\w+)\.(\w+)@(\w+)\.example/;
const searched = Array.from({ length: 16 }, (_, at) => `${"write to some.body or any.one at all, ".repeat(8)}not.to@nobody${at}.example`);
let searches = 0;

/** A text is searched: another each time, since engines keep the result of the last. */
function searchText() {
  const text = searched[searches++ % searched.length];
  if (!text || !address.test(text)) throw new Error("the text has no address");
}

/** A line is formatted for a log that is kept nowhere. */
function logLine() {
  const line = format("stream %d of user %j: token %d after %s ms, status %o", 7, "somebody", 12, 20.123, true);
  kept.text = `${new Date().toISOString()} server ${line}`;
}

/** Garbage is made while much is alive, so that the collector has to trace it again and again. */
function storm(): Fault {
  const alive = Array.from({ length: 100_000 }, (_, at) => ({ at, next: {} }));
  let oldest = 0;
  return function makeGarbage() {
    // Old objects that refer to new ones.
    for (let made = 0; made < 100; made++) {
      const object = alive[oldest++ % alive.length];
      if (object) object.next = { at: made, of: [made, made, made] };
    }
  };
}

/** A buffer is hashed. */
function hashing(): Fault {
  const buffer = new Uint8Array(size);
  return function hashBuffer() {
    kept.text = createHash("sha256").update(buffer).digest("hex");
  };
}
