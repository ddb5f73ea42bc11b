// A pool with one worker per CPU.
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { start } from "./idle.ts";
import type { Work } from "./worker.ts";

type Result = { files: number; sum: number; folders: string[]; error?: string };

let pool: Promise<Worker[]> | undefined;

/** The pool is kept, as a program that has work again and again would keep it. */
function workers() {
  const one = () => {
    const { worker, ready } = start();
    return ready.then(() => worker);
  };
  return (pool ??= Promise.all(Array.from({ length: availableParallelism() }, one)));
}

export async function compute(pieces: number, steps: number) {
  const work = Array.from({ length: pieces }, (_, piece): Work => ({ verb: "compute", piece, steps }));
  const { sum } = await run(work, () => []);
  return { done: pieces, sum };
}

export async function read(folder: string, passes: number) {
  const all = (folders: string[]) => folders.map((folder): Work => ({ verb: "read", folder, passes }));
  const { files, sum } = await run(all([folder]), (result) => all(result.folders));
  return { done: files, sum };
}

/** Gives out `queue` and what results bring up, and adds the results. */
async function run(queue: Work[], more: (result: Result) => Work[]) {
  const all = await workers();
  const idle = [...all];
  const total = { files: 0, sum: 0 };
  let busy = 0;
  await new Promise<void>((resolve, reject) => {
    const give = () => {
      for (; queue.length > 0 && idle.length > 0; busy++) idle.pop()!.postMessage(queue.pop()!);
      if (busy === 0) resolve();
    };
    for (const worker of all) {
      worker.removeAllListeners("message");
      worker.on("message", (result: Result) => {
        if (result.error) return reject(new Error(result.error));
        busy--;
        idle.push(worker);
        total.files += result.files;
        total.sum = (total.sum + result.sum) >>> 0;
        queue.push(...more(result));
        give();
      });
    }
    give();
  });
  return total;
}
