// A model that speaks the OpenAI chat completions API.
import { HttpError } from "./http_error.ts";

const url = `${process.env.UPSTREAM}/v1/chat/completions`;

export type Message =
  | { role: "system" | "user" | "assistant"; content: string | Part[]; tool_calls?: Call[] }
  | { role: "tool"; content: string; tool_call_id: string };

export type Part = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

/** A function call. In a stream, `arguments` arrive in fragments. */
export interface Call {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/** One chunk's part of the answer. */
export interface Delta {
  content?: string | null;
  tool_calls?: (Partial<Call> & { index: number })[];
  images?: { image_url: { url: string } }[];
}

/** Starts a completion and returns its deltas. `signal` cancels it. */
export async function ask(messages: Message[], signal: AbortSignal, tools?: object[]): Promise<AsyncIterable<Delta>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "stub", stream: true, messages, tools }),
    signal,
  }).catch((error) => {
    throw new HttpError(502, `the model cannot be reached: ${error.message}`);
  });
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new HttpError(502, `the model answered ${response.status}`);
  }
  return deltas(response.body);
}

/** Reads to the end of the body, so that the connection can be reused. */
async function* deltas(body: ReadableStream<Uint8Array>): AsyncGenerator<Delta> {
  let done = false;
  for await (const line of lines(body)) {
    if (done || !line.startsWith("data:")) continue;
    const data = line.slice("data:".length).trim();
    if (data === "[DONE]") {
      done = true;
      continue;
    }
    // The chunk with the usage has no choices.
    const delta = JSON.parse(data).choices[0]?.delta;
    if (delta) yield delta;
  }
  if (!done) throw new Error("the model broke off");
}

/** Splits a body into lines, across reads. */
async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest) yield rest;
}
