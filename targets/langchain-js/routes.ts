// What the server does, by path.
import { createAgent } from "langchain";
import { text } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { started } from "../javascript/started.ts";
import { model, run } from "./agent.ts";

const talker = createAgent({ model, tools: [] });

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => started(run(talker, [{ role: "user", content: text(body, "message") }], signal)),
};
