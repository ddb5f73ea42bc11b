// An agent server: it asks the model and streams what happens to the client.
import { remember, rest, routes, share } from "../javascript/routes.ts";
import { serve } from "./serve.ts";

// Loaded only where they are used.
if (process.env.DATABASE) remember(new (await import("node:sqlite")).DatabaseSync(process.env.DATABASE));
if (process.env.REDIS) {
  const { Redis } = await import("ioredis");
  const { connected } = await import("../javascript/ioredis.ts");
  share(await connected(new Redis(process.env.REDIS, { lazyConnect: true })));
}

serve(routes, rest);
