// Runs on Bun's server.
import { serve } from "../bun/serve.ts";
import { routes } from "./routes.ts";

serve(routes);
