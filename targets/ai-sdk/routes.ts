// Routes of the server.
import { text } from "../javascript/http_error.ts";
import type { Answer } from "../javascript/routes.ts";
import { afterFirstEvent } from "../javascript/first_event.ts";
import type { Database } from "../javascript/threads.ts";
import { run } from "./agent.ts";
import { picture } from "./images.ts";
import { plan } from "./sub-agents.ts";
import { tools } from "./tools.ts";

const user = (body: unknown) => [{ role: "user" as const, content: text(body, "message") }];

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => afterFirstEvent(run({ messages: user(body) }, signal)),
  "/agent": (body, signal) => afterFirstEvent(run({ messages: user(body), tools }, signal)),
  // The AI SDK drops images from the model's answer, except in raw chunks.
  "/multimodal": (body, signal) => afterFirstEvent(run({ messages: picture(body), includeRawChunks: true }, signal)),
  "/sub-agents": (body, signal) => afterFirstEvent(plan(text(body, "message"), signal)),
};

/** Adds the route that needs a database. */
export async function addThreadRoutes(database: Database) {
  routes["/history"] = (await import("./history.ts")).history(database);
}
