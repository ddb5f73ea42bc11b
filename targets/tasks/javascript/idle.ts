// Idle workers, and two workers that hand a token back and forth.
import { MessageChannel, Worker } from "node:worker_threads";
import type { Work } from "./worker.ts";

const source = new URL("./worker.ts", import.meta.url);
let workers: Worker[] = [];

/** Starts a worker; `ready` resolves when it has said so. */
export function start() {
  const worker = new Worker(source);
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  return { worker, ready };
}

/** How far it is, should it never get to the end. */
function progress(at: () => number) {
  const timer = setInterval(() => process.stdout.write(JSON.stringify({ at: at() }) + "\n"), 500);
  return () => clearInterval(timer);
}

export async function spawn(count: number) {
  let ready = 0;
  const done = progress(() => ready);
  try {
    const all = Array.from({ length: count }, start);
    workers = all.map((one) => one.worker);
    await Promise.all(all.map((one) => one.ready.then(() => ready++)));
    return { done: ready };
  } catch (error) {
    return { done: ready, error: String(error) };
  } finally {
    done();
  }
}

export async function end() {
  const count = workers.length;
  await Promise.all(workers.map(stop));
  workers = [];
  return { done: count };
}

function stop(worker: Worker) {
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  worker.postMessage({ verb: "end" } satisfies Work);
  return ended;
}

export async function hand(turns: number) {
  const pair = [start(), start()];
  await Promise.all(pair.map((one) => one.ready));
  const [a, b] = pair.map((one) => one.worker);
  const { port1, port2 } = new MessageChannel();
  a.postMessage({ verb: "serve", port: port1 } satisfies Work, [port1]);
  const handed = new Promise((resolve) => b.once("message", resolve));
  const begun = process.hrtime.bigint();
  b.postMessage({ verb: "hand", port: port2, turns } satisfies Work, [port2]);
  await handed;
  const ns = Number(process.hrtime.bigint() - begun);
  await Promise.all([stop(a), stop(b)]);
  // The start of the workers is not part of the hand-over.
  return { done: turns, ns };
}
