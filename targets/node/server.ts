// An agent server: it asks the model and streams events to the client.
import { addThreadRoutes, rest, routes, share } from "../javascript/routes.ts";
import { threadsIn } from "../javascript/threads.ts";
import { serve } from "./serve.ts";

const database = process.env.DATABASE;
// Loaded only when used.
if (database?.startsWith("postgres:")) {
  addThreadRoutes(await (await import("./postgres.ts")).threadsAt(database));
} else if (database) {
  addThreadRoutes(threadsIn(new (await import("node:sqlite")).DatabaseSync(database)));
}
if (process.env.REDIS) {
  const { Redis } = await import("ioredis");
  const { connected } = await import("../javascript/ioredis.ts");
  share(await connected(new Redis(process.env.REDIS, { lazyConnect: true })));
}

serve(routes, rest);
