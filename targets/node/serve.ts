// Serves routes with Node's server.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { eventStream } from "../javascript/events.ts";
import { HttpError } from "../javascript/http_error.ts";
import type { Answer } from "../javascript/routes.ts";
import { notFound, type JsonHandler } from "../javascript/json_reply.ts";

function send(response: ServerResponse, status: number, body?: object) {
  response.writeHead(status, { "content-type": "application/json" }).end(body && JSON.stringify(body));
}

async function stream(answer: Answer, body: unknown, signal: AbortSignal, response: ServerResponse) {
  const events = await answer(body, signal);
  response.writeHead(200, eventStream);
  await pipeline(events, response);
}

/** Serves streaming routes by path; `rest` answers all other requests with JSON. */
export function serve(routes: Record<string, Answer>, rest: JsonHandler = notFound) {
  async function handle(request: IncomingMessage, response: ServerResponse) {
    const left = new AbortController();
    response.on("close", () => left.abort());
    const given = await json(request).catch(() => undefined);
    try {
      const url = new URL(`http://127.0.0.1${request.url}`);
      const answer = routes[url.pathname];
      if (request.method === "POST" && answer) return await stream(answer, given, left.signal, response);
      const { status, body } = await rest(request.method ?? "", url, given);
      send(response, status, body);
    } catch (error) {
      // A disconnected client needs no response.
      if (left.signal.aborted) return;
      if (error instanceof HttpError) return send(response, error.status, { error: error.message });
      console.error(error);
      response.destroy();
    }
  }

  createServer(handle).listen(Number(process.env.PORT), "127.0.0.1");
}
