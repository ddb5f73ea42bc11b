// The client's stream: server-sent events, one JSON object each.

export interface ToolCall {
  id: string;
  name: string;
  /** The model's text, if it is not JSON. */
  arguments: unknown;
}

export type Event =
  | { content: string; agent?: string }
  | { tool_call: ToolCall; agent?: string }
  | { tool_result: { id: string; name: string; result: unknown }; agent?: string }
  | { image: { type: string; part: number; parts: number; data: string } };

export const eventStream = { "content-type": "text/event-stream", "cache-control": "no-cache" };

/** Encodes an answer as a stream: its events, then `[DONE]` or an error. */
export async function* stream(events: AsyncIterable<Event>): AsyncGenerator<string> {
  try {
    for await (const event of events) yield data(event);
    yield "data: [DONE]\n\n";
  } catch (error) {
    yield data({ error: String(error) });
  }
}

export const data = (event: object) => `data: ${JSON.stringify(event)}\n\n`;
