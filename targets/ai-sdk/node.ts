// On Node's own server.
import { serve } from "../node/serve.ts";
import { routes } from "./routes.ts";

serve(routes);
