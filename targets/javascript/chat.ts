// One question, one answer.
import { type Event, stream } from "./events.ts";
import { ask, type Delta } from "./model.ts";
import { text } from "./http_error.ts";

/** Answers a request body until `signal` aborts. */
export async function chat(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const message = text(body, "message");
  return stream(contents(await ask([{ role: "user", content: message }], signal)));
}

/** Yields the tokens of a completion as events. */
export async function* contents(deltas: AsyncIterable<Delta>): AsyncGenerator<Event> {
  for await (const { content } of deltas) if (content) yield { content };
}
