// What the JavaScript servers have in common: a request's body goes in, the events of its answer come out.
import { ask } from "./model.ts";
import { Refusal } from "./refusal.ts";

export { Refusal };

export const eventStream = { "content-type": "text/event-stream", "cache-control": "no-cache" };

/** The answer to a body, of which `undefined` stands for one that is not JSON. When `signal` fires, it ends. */
export async function chat(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  if (body === undefined) throw new Refusal(400, "the body is not JSON");
  const message = (body as { message?: unknown } | null)?.message;
  if (typeof message !== "string" || message === "") throw new Refusal(400, '"message" is missing');
  return events(await ask(message, signal));
}

async function* events(tokens: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    for await (const content of tokens) yield event({ content });
    yield "data: [DONE]\n\n";
  } catch (error) {
    yield event({ error: String(error) });
  }
}

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
