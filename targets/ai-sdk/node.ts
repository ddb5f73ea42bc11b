// Runs on Node's server.
import { serve } from "../node/serve.ts";
import { remember, routes } from "./routes.ts";

// Loaded only when used.
if (process.env.DATABASE) await remember(new (await import("node:sqlite")).DatabaseSync(process.env.DATABASE));

serve(routes);
