// On Node's own server.
import { serve } from "../node/serve.ts";
import { remember, routes } from "./routes.ts";

// Loaded only where it is used.
if (process.env.DATABASE) await remember(new (await import("node:sqlite")).DatabaseSync(process.env.DATABASE));

serve(routes);
