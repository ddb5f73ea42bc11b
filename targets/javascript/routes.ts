// What the JavaScript servers have in common: a request's body goes in, the events of its answer come out.
import { agent } from "./agent.ts";
import { chat } from "./chat.ts";
import { multimodal } from "./multimodal.ts";
import { subAgents } from "./sub-agents.ts";

export { eventStream } from "./events.ts";
export { Refusal } from "./refusal.ts";

/** Answers a body, of which `undefined` stands for one that is not JSON. When the signal fires, it ends. */
export type Answer = (body: unknown, signal: AbortSignal) => Promise<AsyncGenerator<string>>;

/** What is posted where. */
export const routes: Record<string, Answer> = {
  "/chat": chat,
  "/agent": agent,
  "/sub-agents": subAgents,
  "/multimodal": multimodal,
};
