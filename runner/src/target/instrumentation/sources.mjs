// Writes the file of each function that JavaScriptCore's sampling profiler finds, by the hash that
// its JIT dump has as well: a line `HASH URL`. Kontrast puts this file beside the dump.
import { samplingProfilerStackTraces, startSamplingProfiler } from "bun:jsc";
import { appendFileSync } from "node:fs";

const file = `${import.meta.dir}/sources-${process.pid}.txt`;
const known = new Set();
startSamplingProfiler();
const timer = setInterval(() => {
  let lines = "";
  // Reading empties the profiler.
  for (const { frames } of samplingProfilerStackTraces().traces) {
    for (const { location, sourceURL } of frames) {
      const hash = /^#(\w{6}):/.exec(location)?.[1];
      if (!hash || !sourceURL || sourceURL === import.meta.path || known.has(hash)) continue;
      known.add(hash);
      lines += `${hash} ${sourceURL}\n`;
    }
  }
  if (lines) appendFileSync(file, lines);
}, 250);
timer.unref();
