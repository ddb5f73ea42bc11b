// An agent server: it asks the model and streams events to the client.
import { threadsOf } from "../javascript/postgres.ts";
import { addThreadRoutes, rest, routes, share } from "../javascript/routes.ts";
import { threadsIn } from "../javascript/threads.ts";
import { serve } from "./serve.ts";

const database = process.env.DATABASE;
if (database?.startsWith("postgres:")) {
  addThreadRoutes(await threadsOf(new Bun.SQL(database, { max: 10 })));
} else if (database) {
  // Loaded only when used.
  addThreadRoutes(threadsIn(new (await import("bun:sqlite")).Database(database)));
}
if (process.env.REDIS) share(await (await import("./redis.ts")).connected(process.env.REDIS));

serve(routes, rest);
