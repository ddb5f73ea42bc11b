// What is sent to the client: server-sent events, one JSON object each.

export interface ToolCall {
  id: string;
  name: string;
  /** As the model sent them, if they are not JSON. */
  arguments: unknown;
}

export type Event =
  | { content: string; agent?: string }
  | { tool_call: ToolCall; agent?: string }
  | { tool_result: { id: string; name: string; result: unknown }; agent?: string }
  | { image: { type: string; part: number; parts: number; data: string } };

export const eventStream = { "content-type": "text/event-stream", "cache-control": "no-cache" };

/** The stream of an answer: its events, then the end mark, or what went wrong. */
export async function* stream(events: AsyncIterable<Event>): AsyncGenerator<string> {
  try {
    for await (const event of events) yield data(event);
    yield "data: [DONE]\n\n";
  } catch (error) {
    yield data({ error: String(error) });
  }
}

export const data = (event: object) => `data: ${JSON.stringify(event)}\n\n`;
