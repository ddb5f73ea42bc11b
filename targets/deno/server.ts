// A chat server: it asks the model and streams each token to the client as it arrives.
import { chat, eventStream, Refusal } from "../javascript/chat.ts";

const refuse = (status: number, error: string) => Response.json({ error }, { status });

async function post(request: Request): Promise<Response> {
  const body = await request.json().catch(() => undefined);
  try {
    // The request's signal fires when the client leaves.
    const events = await chat(body, request.signal);
    return new Response(ReadableStream.from(events).pipeThrough(new TextEncoderStream()), { headers: eventStream });
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.status, error.message);
    throw error;
  }
}

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) }, (request) => {
  const { pathname } = new URL(request.url);
  if (request.method === "POST" && pathname === "/chat") return post(request);
  return refuse(404, "there is only POST /chat");
});
