// Runs on Bun's server.
import { serve } from "../bun/serve.ts";
import { remember, routes } from "./routes.ts";

// Loaded only when used.
if (process.env.DATABASE) await remember(new (await import("bun:sqlite")).Database(process.env.DATABASE));

serve(routes);
