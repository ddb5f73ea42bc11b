// Routes of the server.
import { createAgent } from "langchain";
import { text } from "../javascript/http_error.ts";
import type { Answer } from "../javascript/routes.ts";
import { afterFirstEvent } from "../javascript/first_event.ts";
import { model, newModel, run } from "./agent.ts";
import { picture } from "./images.ts";
import { plan } from "./sub-agents.ts";
import { reportMistakes, tools } from "./tools.ts";

const chatAgent = createAgent({ model, tools: [] });
const agent = createAgent({ model, tools, middleware: [reportMistakes] });
// LangChain drops images from the model's answer, except in the raw response.
const imageAgent = createAgent({ model: newModel({ __includeRawResponse: true }), tools: [] });
const user = (body: unknown) => [{ role: "user" as const, content: text(body, "message") }];

export const routes: Record<string, Answer> = {
  "/chat": (body, signal) => afterFirstEvent(run(chatAgent, user(body), signal)),
  "/agent": (body, signal) => afterFirstEvent(run(agent, user(body), signal)),
  "/multimodal": (body, signal) => afterFirstEvent(run(imageAgent, picture(body), signal)),
  "/sub-agents": (body, signal) => afterFirstEvent(plan(text(body, "message"), signal)),
};

// Loaded only when used.
if (process.env.DATABASE) routes["/history"] = (await import("./history.ts")).history(process.env.DATABASE);
