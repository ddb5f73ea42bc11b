// An agent server: it asks the model and streams events to the client.
import { threadsOf } from "../javascript/postgres.ts";
import { type Answer, eventStream, HttpError, addThreadRoutes, rest, routes, share } from "../javascript/routes.ts";
import { threadsIn } from "../javascript/threads.ts";

const database = Deno.env.get("DATABASE");
// Loaded only when used.
if (database?.startsWith("postgres:")) {
  addThreadRoutes(await threadsOf((await import("postgres")).default(database, { max: 10 })));
} else if (database) {
  addThreadRoutes(threadsIn(new (await import("node:sqlite")).DatabaseSync(database)));
}

const redis = Deno.env.get("REDIS");
if (redis) {
  const { Redis } = await import("ioredis");
  const { connected } = await import("../javascript/ioredis.ts");
  share(await connected(new Redis(redis, { lazyConnect: true })));
}

const refuse = (status: number, error: string) => Response.json({ error }, { status });

async function stream(answer: Answer, body: unknown, signal: AbortSignal): Promise<Response> {
  // The request's signal aborts when the client disconnects.
  const events = await answer(body, signal);
  return new Response(ReadableStream.from(events).pipeThrough(new TextEncoderStream()), { headers: eventStream });
}

async function whole(method: string, url: URL, given: unknown): Promise<Response> {
  const { status, body } = await rest(method, url, given);
  return body ? Response.json(body, { status }) : new Response(null, { status });
}

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) }, async (request) => {
  const url = new URL(request.url);
  const answer = routes[url.pathname];
  const body = await request.json().catch(() => undefined);
  try {
    if (request.method === "POST" && answer) return await stream(answer, body, request.signal);
    return await whole(request.method, url, body);
  } catch (error) {
    if (error instanceof HttpError) return refuse(error.status, error.message);
    throw error;
  }
});
