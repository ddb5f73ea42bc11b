// Runs on Node's server.
import { serve } from "../node/serve.ts";
import { routes } from "./routes.ts";

serve(routes);
