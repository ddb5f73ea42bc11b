// An agent server: it asks the model and streams what happens to the client.
import { remember, rest, routes } from "../javascript/routes.ts";
import { serve } from "./serve.ts";

// Loaded only where it is used.
if (process.env.DATABASE) remember(new (await import("bun:sqlite")).Database(process.env.DATABASE));

serve(routes, rest);
