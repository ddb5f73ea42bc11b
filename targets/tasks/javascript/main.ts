// Runs the jobs of docs/tasks.md in workers, from the same source on Bun and Node.
import { createInterface } from "node:readline";
import * as idle from "./idle.ts";
import * as pool from "./pool.ts";

type Answer = { done: number; sum?: number; error?: string };

function perform([verb, ...words]: string[]): Promise<Answer> {
  const [first, second] = words.map(Number);
  switch (verb) {
    case "spawn":
      return idle.spawn(first);
    case "end":
      return idle.end();
    case "switch":
      return idle.hand(first);
    case "compute":
      return pool.compute(first, second);
    case "read":
      return pool.read(words[0], second);
    default:
      return Promise.resolve({ done: 0, error: `unknown: ${verb}` });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const answer = await perform(line.split("\t")).catch((error) => ({ done: 0, error: String(error) }));
  const ns = Number(process.hrtime.bigint() - start);
  process.stdout.write(JSON.stringify({ ns, ...answer }) + "\n");
}
// Idle workers would keep the process alive.
process.exit(0);
