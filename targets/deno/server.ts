// An agent server: it asks the model and streams what happens to the client.
import { type Answer, eventStream, Refusal, routes } from "../javascript/routes.ts";

const refuse = (status: number, error: string) => Response.json({ error }, { status });

async function post(answer: Answer, request: Request): Promise<Response> {
  const body = await request.json().catch(() => undefined);
  try {
    // The request's signal fires when the client leaves.
    const events = await answer(body, request.signal);
    return new Response(ReadableStream.from(events).pipeThrough(new TextEncoderStream()), { headers: eventStream });
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.status, error.message);
    throw error;
  }
}

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) }, (request) => {
  const answer = routes[new URL(request.url).pathname];
  if (request.method === "POST" && answer) return post(answer, request);
  return refuse(404, "there is no such route");
});
