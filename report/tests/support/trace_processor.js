// Runs Perfetto's trace processor, as its UI's worker does: reads requests from standard input and
// writes the replies. Both are messages of TraceProcessorRpcStream
// (protos/perfetto/trace_processor).
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const folder = process.argv[2];

/** The synchronous request by which the worker reads its WebAssembly. */
class XMLHttpRequest {
  open(_method, url) {
    this.file = path.join(folder, path.basename(url));
  }

  send() {
    this.response = fs.readFileSync(this.file);
  }
}

const worker = { location: { href: "file:///" } };
const globals = {
  self: worker,
  WorkerGlobalScope: Object,
  XMLHttpRequest,
  // The worker refuses to run where it recognises Node.
  process: undefined,
  // Standard output is for replies.
  console: { log: console.error, warn: console.error, error: console.error },
};
const source = fs.readFileSync(path.join(folder, "engine_bundle.js"), "utf8");
new Function(...Object.keys(globals), source)(...Object.values(globals));

/** Writes all of a reply, however much a pipe takes at once. */
function write(reply) {
  for (let from = 0; from < reply.length; ) from += fs.writeSync(1, reply, from);
}

// The worker is ready when its promises are settled.
setImmediate(() => {
  const port = { postMessage: write };
  worker.onmessage({ data: port });
  port.onmessage({ data: new Uint8Array(fs.readFileSync(0)) });
});
