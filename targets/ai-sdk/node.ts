// Runs on Node's server.
import { serve } from "../node/serve.ts";
import { addThreadRoutes, routes } from "./routes.ts";

// Loaded only when used.
if (process.env.DATABASE) await addThreadRoutes(new (await import("node:sqlite")).DatabaseSync(process.env.DATABASE));

serve(routes);
