// What the server does, by path.
import { text } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { started } from "../javascript/started.ts";
import { run } from "./agent.ts";

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => started(run({ messages: [{ role: "user", content: text(body, "message") }] }, signal)),
};
