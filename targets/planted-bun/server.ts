// The chat server of targets/bun with one known fault.
import { dlopen, ptr } from "bun:ffi";
import { faultyRoutes } from "../javascript/planted/chat.ts";
import { serve } from "../bun/serve.ts";
import { countCollections } from "./collections.ts";

const THREAD_CPU_TIME = 3;
const { symbols } = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
const now = new BigInt64Array(2);
const at = ptr(now);

/** Returns the CPU time of this thread, in ns. */
function threadTime() {
  symbols.clock_gettime(THREAD_CPU_TIME, at);
  return Number(now[0]) * 1e9 + Number(now[1]);
}

const routes = faultyRoutes(threadTime);
const folder = process.env.PLANTED_LOG;
if (folder && process.env.BUN_JSC_logGC) countCollections(`${folder}/${process.pid}.gc`);

serve(routes);
