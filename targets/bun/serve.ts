// Serves routes with Bun's own server.
import { eventStream } from "../javascript/events.ts";
import { Refusal } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { nothing, type Whole } from "../javascript/whole.ts";

const refuse = (status: number, error: string) => Response.json({ error }, { status });

/** What a handler gives, or the refusal that it throws. */
async function orRefusal(handle: () => Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.status, error.message);
    throw error;
  }
}

const post = (answer: Answer) => async (request: Request) => {
  const body = await request.json().catch(() => undefined);
  // The request's signal fires when the client leaves.
  return orRefusal(async () => new Response(await answer(body, request.signal), { headers: eventStream }));
};

/** Serves answers by their path; the rest is answered in one piece. */
export function serve(routes: Record<string, Answer>, rest: Whole = nothing) {
  Bun.serve({
    hostname: "127.0.0.1",
    port: Number(process.env.PORT),
    // The default of 10 s would end a stream whose model thinks for longer.
    idleTimeout: 0,
    routes: Object.fromEntries(Object.entries(routes).map(([path, answer]) => [path, { POST: post(answer) }])),
    async fetch(request) {
      const given = await request.json().catch(() => undefined);
      return orRefusal(async () => {
        const { status, body } = await rest(request.method, new URL(request.url), given);
        return body ? Response.json(body, { status }) : new Response(null, { status });
      });
    },
  });
}
