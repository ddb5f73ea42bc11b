// Runs on Bun's server.
import { serve } from "../bun/serve.ts";
import { addThreadRoutes, routes } from "./routes.ts";

// Loaded only when used.
if (process.env.DATABASE) await addThreadRoutes(new (await import("bun:sqlite")).Database(process.env.DATABASE));

serve(routes);
