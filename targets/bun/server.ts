// An agent server: it asks the model and streams what happens to the client.
import { type Answer, eventStream, Refusal, remember, rest, routes } from "../javascript/routes.ts";

// Loaded only where it is used.
if (process.env.DATABASE) remember(new (await import("bun:sqlite")).Database(process.env.DATABASE));

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

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  // The default of 10 s would end a stream whose model thinks for longer.
  idleTimeout: 0,
  routes: Object.fromEntries(Object.entries(routes).map(([path, answer]) => [path, { POST: post(answer) }])),
  async fetch(request) {
    const given = await request.json().catch(() => undefined);
    return orRefusal(async () => {
      const { status, body } = rest(request.method, new URL(request.url), given);
      return body ? Response.json(body, { status }) : new Response(null, { status });
    });
  },
});
