// What the server does, by path.
import { createAgent } from "langchain";
import { text } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { started } from "../javascript/started.ts";
import { model, newModel, run } from "./agent.ts";
import { picture } from "./images.ts";
import { plan } from "./sub-agents.ts";
import { tellMistakes, tools } from "./tools.ts";

const talker = createAgent({ model, tools: [] });
const agent = createAgent({ model, tools, middleware: [tellMistakes] });
// LangChain passes over images in what the model says, but for the raw response.
const seer = createAgent({ model: newModel({ __includeRawResponse: true }), tools: [] });
const user = (body: unknown) => [{ role: "user" as const, content: text(body, "message") }];

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => started(run(talker, user(body), signal)),
  "/agent": (body, signal) => started(run(agent, user(body), signal)),
  "/multimodal": (body, signal) => started(run(seer, picture(body), signal)),
  "/sub-agents": (body, signal) => started(plan(text(body, "message"), signal)),
};

// Loaded only where it is used.
if (process.env.DATABASE) routes["/history"] = (await import("./history.ts")).history(process.env.DATABASE);
