// The true cost of the fault, counted where it happens; see targets/planted/src/truth.rs.
import { appendFileSync, mkdirSync } from "node:fs";

/** Milliseconds between two lines of the log. */
const every = 100;

const totals = { tokens: 0, count: 0, cpu_ns: 0, wait_ns: 0, bytes: 0, run_delay_ns: 0, gc_ns: 0 };

/** Starts the log if one is configured. */
export function keep(name: string, dose: number) {
  const folder = process.env.PLANTED_LOG;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${process.pid}.jsonl`;
  const write = () => {
    const unix_ns = Math.round((performance.timeOrigin + performance.now()) * 1e6);
    appendFileSync(file, `${JSON.stringify({ cause: name, dose, unix_ns, ...totals })}\n`);
  };
  write();
  setInterval(write, every);
}

/** Counts occurrences of the fault. */
export function count(occurrences: number) {
  totals.count += occurrences;
}

/** Adds the time of a garbage collection, in ns. */
export function collected(ns: number) {
  totals.gc_ns += ns;
}

/** Runs the work of a token and adds its CPU time; `now` is this thread's clock, in ns. */
export function onCpu(now: () => number, work: () => void) {
  totals.tokens++;
  const before = now();
  work();
  totals.cpu_ns += now() - before;
}
