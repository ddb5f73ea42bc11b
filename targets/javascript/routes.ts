// What the JavaScript servers have in common: which path is answered how.
import { agent } from "./agent.ts";
import { chat } from "./chat.ts";
import { crud } from "./crud.ts";
import { history } from "./history.ts";
import { multimodal } from "./multimodal.ts";
import { pubsub, share } from "./pubsub.ts";
import { Refusal } from "./refusal.ts";
import { subAgents } from "./sub-agents.ts";
import type { Threads } from "./threads.ts";
import { nothing, type Whole } from "./whole.ts";

export { eventStream } from "./events.ts";
export { Refusal, share };

/** Answers a body, of which `undefined` stands for one that is not JSON. When the signal fires, it ends. */
export type Answer = (body: unknown, signal: AbortSignal) => Promise<AsyncGenerator<string>>;

/** What is posted where, and answered with events. */
export const routes: Record<string, Answer> = {
  "/chat": chat,
  "/agent": agent,
  "/sub-agents": subAgents,
  "/multimodal": multimodal,
  "/pubsub": pubsub,
};

/** What everything else is answered with, in one piece. */
export let rest: Whole = nothing;

/** Adds the routes that need threads. */
export function remember(threads: Threads) {
  routes["/history"] = history(threads);
  rest = (method, url, body) =>
    /^\/threads(\/|$)/.test(url.pathname) ? crud(threads, method, url, body) : nothing(method, url, body);
}
