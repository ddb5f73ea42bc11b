// What the server does, by path.
import { text } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { started } from "../javascript/started.ts";
import type { Database } from "../javascript/threads.ts";
import { run } from "./agent.ts";
import { picture } from "./images.ts";
import { plan } from "./sub-agents.ts";
import { tools } from "./tools.ts";

const user = (body: unknown) => [{ role: "user" as const, content: text(body, "message") }];

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => started(run({ messages: user(body) }, signal)),
  "/agent": (body, signal) => started(run({ messages: user(body), tools }, signal)),
  // The AI SDK passes over images in what the model says, but for the raw chunks.
  "/multimodal": (body, signal) => started(run({ messages: picture(body), includeRawChunks: true }, signal)),
  "/sub-agents": (body, signal) => started(plan(text(body, "message"), signal)),
};

/** Adds the route that needs a database. */
export async function remember(database: Database) {
  routes["/history"] = (await import("./history.ts")).history(database);
}
