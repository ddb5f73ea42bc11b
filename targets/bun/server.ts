// An agent server: it asks the model and streams what happens to the client.
import { remember, rest, routes, share } from "../javascript/routes.ts";
import { serve } from "./serve.ts";

// Loaded only where it is used.
if (process.env.DATABASE) remember(new (await import("bun:sqlite")).Database(process.env.DATABASE));
if (process.env.REDIS) share(await (await import("./redis.ts")).connected(process.env.REDIS));

serve(routes, rest);
