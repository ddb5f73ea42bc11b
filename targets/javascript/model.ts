// A model that speaks the OpenAI chat completions API.
import { Refusal } from "./refusal.ts";

const url = `${process.env.UPSTREAM}/v1/chat/completions`;

/** Starts a completion; its tokens come as they arrive. Nothing of it is left once `signal` fires. */
export async function ask(message: string, signal: AbortSignal): Promise<AsyncIterable<string>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "stub", stream: true, messages: [{ role: "user", content: message }] }),
    signal,
  }).catch((error) => {
    throw new Refusal(502, `the model cannot be reached: ${error.message}`);
  });
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Refusal(502, `the model answered ${response.status}`);
  }
  return tokens(response.body);
}

/** Reads to the end of the body, so that the connection can be used again. */
async function* tokens(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let done = false;
  for await (const line of lines(body)) {
    if (done || !line.startsWith("data:")) continue;
    const data = line.slice("data:".length).trim();
    if (data === "[DONE]") {
      done = true;
      continue;
    }
    // Empty in chunks that only carry the role, the end or the usage.
    const content = JSON.parse(data).choices[0]?.delta.content;
    if (content) yield content;
  }
  if (!done) throw new Error("the model broke off");
}

/** Lines, whatever way the network has split them. */
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
