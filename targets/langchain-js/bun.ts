// On Bun's own server.
import { serve } from "../bun/serve.ts";
import { routes } from "./routes.ts";

serve(routes);
