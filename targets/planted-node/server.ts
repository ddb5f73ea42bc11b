// The chat server of targets/node with one known fault.
import { PerformanceObserver } from "node:perf_hooks";
import { faultyRoutes } from "../javascript/planted/chat.ts";
import { collected } from "../javascript/planted/truth.ts";
import { serve } from "../node/serve.ts";

/** Returns the CPU time of this thread, in ns. */
function threadTime() {
  // The kernel brings the clock of this thread up to date only for the usage of the process.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

// The run has --single-threaded-gc, so that collections are on this thread only.
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) collected(Math.round(entry.duration * 1e6));
}).observe({ entryTypes: ["gc"] });

serve(faultyRoutes(threadTime));
