// One question, one answer.
import { type Event, stream } from "./events.ts";
import { ask, type Delta } from "./model.ts";
import { text } from "./refusal.ts";

/** The answer to a body. When `signal` fires, it ends. */
export async function chat(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const message = text(body, "message");
  return stream(contents(await ask([{ role: "user", content: message }], signal)));
}

/** Its tokens as events. */
export async function* contents(deltas: AsyncIterable<Delta>): AsyncGenerator<Event> {
  for await (const { content } of deltas) if (content) yield { content };
}
