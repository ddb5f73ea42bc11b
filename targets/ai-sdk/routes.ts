// What the server does, by path.
import { text } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { started } from "../javascript/started.ts";
import { run } from "./agent.ts";
import { plan } from "./sub-agents.ts";
import { tools } from "./tools.ts";

const user = (body: unknown) => [{ role: "user" as const, content: text(body, "message") }];

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => started(run({ messages: user(body) }, signal)),
  "/agent": (body, signal) => started(run({ messages: user(body), tools }, signal)),
  "/sub-agents": (body, signal) => started(plan(text(body, "message"), signal)),
};
