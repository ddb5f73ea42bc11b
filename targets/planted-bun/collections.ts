// Garbage collection by the account of JavaScriptCore (`BUN_JSC_logGC=1`), which writes a line for
// each collection to standard error.
import { dlopen } from "bun:ffi";
import { openSync, readSync } from "node:fs";
import { collected } from "../javascript/planted/truth.ts";

/** Milliseconds between two looks at the log. */
const every = 50;
const STDERR = 2;

/** Sends standard error to a file, and counts the pauses that it gets. */
export function countCollections(path: string) {
  const { symbols } = dlopen("libc.so.6", { dup2: { args: ["i32", "i32"], returns: "i32" } });
  const file = openSync(path, "a+");
  if (symbols.dup2(file, STDERR) !== STDERR) throw new Error(`standard error cannot be sent to ${path}`);
  const buffer = new Uint8Array(64 << 10);
  const decoder = new TextDecoder();
  let [at, rest] = [0, ""];
  setInterval(() => {
    for (let size; (size = readSync(file, buffer, 0, buffer.length, at)) > 0; at += size) {
      const lines = (rest + decoder.decode(buffer.subarray(0, size), { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) collected(pauses(line));
    }
  }, every);
}

/** Returns the pauses of a line, such as `… p=1.03ms (max 5.01)`, in ns. */
function pauses(line: string): number {
  let sum = 0;
  for (const [, ms] of line.matchAll(/\bp=([\d.]+)ms \(max /g)) sum += Math.round(Number(ms) * 1e6);
  return sum;
}
