// An agent server: it asks the model and streams what happens to the client.
import { type Answer, eventStream, Refusal, remember, rest, routes, share } from "../javascript/routes.ts";

const path = Deno.env.get("DATABASE");
// Loaded only where it is used.
if (path) remember(new (await import("node:sqlite")).DatabaseSync(path));

const redis = Deno.env.get("REDIS");
if (redis) {
  const { Redis } = await import("ioredis");
  const { connected } = await import("../javascript/ioredis.ts");
  share(await connected(new Redis(redis, { lazyConnect: true })));
}

const refuse = (status: number, error: string) => Response.json({ error }, { status });

async function stream(answer: Answer, body: unknown, signal: AbortSignal): Promise<Response> {
  // The request's signal fires when the client leaves.
  const events = await answer(body, signal);
  return new Response(ReadableStream.from(events).pipeThrough(new TextEncoderStream()), { headers: eventStream });
}

function whole(method: string, url: URL, given: unknown): Response {
  const { status, body } = rest(method, url, given);
  return body ? Response.json(body, { status }) : new Response(null, { status });
}

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) }, async (request) => {
  const url = new URL(request.url);
  const answer = routes[url.pathname];
  const body = await request.json().catch(() => undefined);
  try {
    if (request.method === "POST" && answer) return await stream(answer, body, request.signal);
    return whole(request.method, url, body);
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.status, error.message);
    throw error;
  }
});
