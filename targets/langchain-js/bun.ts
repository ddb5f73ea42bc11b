// Serves the routes with Bun's own server.
import { eventStream } from "../javascript/events.ts";
import { Refusal } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { routes } from "./routes.ts";

const refuse = (status: number, error: string) => Response.json({ error }, { status });

const post = (answer: Answer) => async (request: Request) => {
  const body = await request.json().catch(() => undefined);
  try {
    // The request's signal fires when the client leaves.
    return new Response(await answer(body, request.signal), { headers: eventStream });
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.status, error.message);
    throw error;
  }
};

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  // The default of 10 s would end a stream whose model thinks for longer.
  idleTimeout: 0,
  routes: Object.fromEntries(Object.entries(routes).map(([path, answer]) => [path, { POST: post(answer) }])),
  fetch: () => refuse(404, "there is no such route"),
});
