// Builds a large heap of live objects, and garbage beside it: each collection copies or marks much.
const [turns, milliseconds] = process.argv.slice(2).map(Number);
let live = [];
for (let turn = 0; turn < turns * milliseconds; turn++) {
  for (let at = 0; at < 1000; at++) live.push({ turn, at, text: `${at}` });
  if (live.length > 1e6) live = live.slice(5e5);
}
