// Serves the routes with Node's own server.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { eventStream } from "../javascript/events.ts";
import { Refusal } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { routes } from "./routes.ts";

function refuse(response: ServerResponse, status: number, error: string) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}

async function post(answer: Answer, request: IncomingMessage, response: ServerResponse) {
  const left = new AbortController();
  response.on("close", () => left.abort());
  const body = await json(request).catch(() => undefined);
  try {
    const events = await answer(body, left.signal);
    response.writeHead(200, eventStream);
    await pipeline(events, response);
  } catch (error) {
    // A client that has left needs no answer.
    if (left.signal.aborted) return;
    if (error instanceof Refusal) return refuse(response, error.status, error.message);
    console.error(error);
    response.destroy();
  }
}

const server = createServer((request, response) => {
  const answer = request.method === "POST" ? routes[request.url!] : undefined;
  if (answer) post(answer, request, response);
  else refuse(response, 404, "there is no such route");
});
server.listen(Number(process.env.PORT), "127.0.0.1");
