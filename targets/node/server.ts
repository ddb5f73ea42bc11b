// A chat server: it asks the model and streams each token to the client as it arrives.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { chat, eventStream, Refusal } from "../javascript/chat.ts";

function refuse(response: ServerResponse, status: number, error: string) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}

async function post(request: IncomingMessage, response: ServerResponse) {
  const left = new AbortController();
  response.on("close", () => left.abort());
  const body = await json(request).catch(() => undefined);
  try {
    const events = await chat(body, left.signal);
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
  if (request.method === "POST" && request.url === "/chat") post(request, response);
  else refuse(response, 404, "there is only POST /chat");
});
server.listen(Number(process.env.PORT), "127.0.0.1");
