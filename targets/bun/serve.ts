// Serves routes with Bun's server.
import { eventStream } from "../javascript/events.ts";
import { HttpError } from "../javascript/http_error.ts";
import type { Answer } from "../javascript/routes.ts";
import { notFound, type JsonHandler } from "../javascript/json_reply.ts";

const refuse = (status: number, error: string) => Response.json({ error }, { status });

/** Returns a handler's response, or that of the HTTP error that it throws. */
async function orHttpError(handle: () => Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof HttpError) return refuse(error.status, error.message);
    throw error;
  }
}

const post = (answer: Answer) => async (request: Request) => {
  const body = await request.json().catch(() => undefined);
  // The request's signal aborts when the client disconnects.
  return orHttpError(async () => new Response(await answer(body, request.signal), { headers: eventStream }));
};

/** Serves streaming routes by path; `rest` answers all other requests with JSON. */
export function serve(routes: Record<string, Answer>, rest: JsonHandler = notFound) {
  Bun.serve({
    hostname: "127.0.0.1",
    port: Number(process.env.PORT),
    // The default of 10 s would end a stream whose model pauses for longer.
    idleTimeout: 0,
    routes: Object.fromEntries(Object.entries(routes).map(([path, answer]) => [path, { POST: post(answer) }])),
    async fetch(request) {
      const given = await request.json().catch(() => undefined);
      return orHttpError(async () => {
        const { status, body } = await rest(request.method, new URL(request.url), given);
        return body ? Response.json(body, { status }) : new Response(null, { status });
      });
    },
  });
}
