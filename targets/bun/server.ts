// A chat server: it asks the model and streams each token to the client as it arrives.
import { ask, ModelError } from "./model.ts";

const json = (status: number, error: string) => Response.json({ error }, { status });
const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

async function chat(request: Request): Promise<Response> {
  const body = await request.json().catch(() => undefined);
  if (typeof body !== "object" || body === null) return json(400, "the body is not a JSON object");
  if (typeof body.message !== "string" || body.message === "") return json(400, '"message" is missing');

  let tokens: AsyncIterable<string>;
  try {
    // When the client leaves, its signal ends the call to the model.
    tokens = await ask(body.message, request.signal);
  } catch (error) {
    if (error instanceof ModelError) return json(502, error.message);
    throw error;
  }
  return new Response(events(tokens), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
  });
}

async function* events(tokens: AsyncIterable<string>) {
  try {
    for await (const content of tokens) yield event({ content });
    yield "data: [DONE]\n\n";
  } catch (error) {
    yield event({ error: String(error) });
  }
}

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  // The default of 10 s would end a stream whose model thinks for longer.
  idleTimeout: 0,
  routes: { "/chat": { POST: chat } },
  fetch: () => json(404, "there is only POST /chat"),
});
