// A chat server: it asks the model and streams each token to the client as it arrives.
import { chat, eventStream, Refusal } from "../javascript/chat.ts";

const refuse = (status: number, error: string) => Response.json({ error }, { status });

async function post(request: Request): Promise<Response> {
  const body = await request.json().catch(() => undefined);
  try {
    // The request's signal fires when the client leaves.
    return new Response(await chat(body, request.signal), { headers: eventStream });
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.status, error.message);
    throw error;
  }
}

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  // The default of 10 s would end a stream whose model thinks for longer.
  idleTimeout: 0,
  routes: { "/chat": { POST: post } },
  fetch: () => refuse(404, "there is only POST /chat"),
});
