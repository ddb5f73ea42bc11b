// The routes that the JavaScript servers share.
import { agent } from "./agent.ts";
import { chat } from "./chat.ts";
import { crud } from "./crud.ts";
import { history } from "./history.ts";
import { multimodal } from "./multimodal.ts";
import { pubsub, share } from "./pubsub.ts";
import { HttpError } from "./http_error.ts";
import { subAgents } from "./sub-agents.ts";
import type { Threads } from "./threads.ts";
import { notFound, type JsonHandler } from "./json_reply.ts";

export { eventStream } from "./events.ts";
export { HttpError, share };

/** Answers a request body until the signal aborts. The body is `undefined` if it is not JSON. */
export type Answer = (body: unknown, signal: AbortSignal) => Promise<AsyncGenerator<string>>;

/** The handlers of POST requests, which stream events. */
export const routes: Record<string, Answer> = {
  "/chat": chat,
  "/agent": agent,
  "/sub-agents": subAgents,
  "/multimodal": multimodal,
  "/pubsub": pubsub,
};

/** The handler of all other requests, which answers with JSON. */
export let rest: JsonHandler = notFound;

/** Adds the routes that need threads. */
export function addThreadRoutes(threads: Threads) {
  routes["/history"] = history(threads);
  rest = (method, url, body) =>
    /^\/threads(\/|$)/.test(url.pathname) ? crud(threads, method, url, body) : notFound(method, url, body);
}
