// The code of every worker: it waits for work and does it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type MessagePort, parentPort } from "node:worker_threads";

export type Work =
  | { verb: "end" }
  | { verb: "serve"; port: MessagePort }
  | { verb: "hand"; port: MessagePort; turns: number }
  | { verb: "compute"; piece: number; steps: number }
  | { verb: "read"; folder: string; passes: number };

const parent = parentPort!;
parent.on("message", (work: Work) => {
  switch (work.verb) {
    case "end":
      // Closing the port does not end a worker of Bun 1.3. This ends the worker alone on every
      // runtime.
      process.exit(0);
    case "serve":
      work.port.on("message", (turn) => work.port.postMessage(turn));
      break;
    case "hand":
      hand(work.port, work.turns);
      break;
    case "compute":
      parent.postMessage({ files: 0, sum: compute(work.piece, work.steps), folders: [] });
      break;
    case "read":
      parent.postMessage(attempt(() => read(work.folder, work.passes)));
  }
});
parent.postMessage("ready");

/** What goes wrong is for the one who asked, and no end of the worker. */
function attempt<Result>(work: () => Result) {
  try {
    return work();
  } catch (error) {
    return { files: 0, sum: 0, folders: [], error: String(error) };
  }
}

function hand(port: MessagePort, turns: number) {
  let turn = 0;
  port.on("message", () => {
    if (++turn < turns) port.postMessage(turn);
    else {
      port.close();
      parent.postMessage("handed");
    }
  });
  port.postMessage(turn);
}

function compute(piece: number, steps: number) {
  let x = piece + 1;
  for (let step = 0; step < steps; step++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x >>> 0;
}

function read(folder: string, passes: number) {
  let files = 0;
  let sum = 0;
  const folders: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) folders.push(path);
    else {
      const data = readFileSync(path);
      files++;
      sum = (sum + data.length) >>> 0;
      for (let pass = 0; pass < passes; pass++) sum = (sum + fnv(data)) >>> 0;
    }
  }
  return { files, sum, folders };
}

function fnv(data: Uint8Array) {
  let hash = 2166136261;
  for (let at = 0; at < data.length; at++) hash = Math.imul(hash ^ data[at], 16777619);
  return hash >>> 0;
}
