// Threads over HTTP.
import { storableText, validId, HttpError, text } from "./http_error.ts";
import type { StoredMessage, Threads } from "./threads.ts";
import { notFound, type Reply } from "./json_reply.ts";

/** Answers a request to `/threads…`. The body is `undefined` if it is not JSON. */
export async function crud(threads: Threads, method: string, url: URL, body: unknown): Promise<Reply> {
  const [, , id, rest] = url.pathname.split("/");
  switch (`${method} ${url.pathname.replace(`/${id}`, "/:id")}`) {
    case "GET /threads":
      return list(threads, url.searchParams);
    case "POST /threads":
      return create(threads, body);
    case "GET /threads/:id":
      return { status: 200, body: { ...existing(await threads.read(validId(id))), messages: await threads.messages(id) } };
    case "PATCH /threads/:id":
      return { status: 200, body: existing(await threads.rename(validId(id), storableText(body, "title"))) };
    case "DELETE /threads/:id":
      existing((await threads.remove(validId(id))) || undefined);
      return { status: 204 };
    case "POST /threads/:id/messages":
      return append(threads, validId(id), body);
  }
  return notFound(method, url, body);
}

function existing<T>(found: T | undefined): T {
  if (found === undefined) throw new HttpError(404, "there is no such thread");
  return found;
}

async function list(threads: Threads, query: URLSearchParams): Promise<Reply> {
  const limit = Number(query.get("limit") ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new HttpError(400, "limit must be from 1 to 100");
  const after = query.get("after");
  // One more row than needed shows whether there is a next page.
  const found = await threads.list(after ? validId(after) : "", limit + 1);
  const page = found.slice(0, limit);
  return { status: 200, body: { threads: page, next: found.length > limit ? page.at(-1)!.id : null } };
}

async function create(threads: Threads, body: unknown): Promise<Reply> {
  const thread = await threads.create(validId(text(body, "id")), storableText(body, "title"));
  if (!thread) throw new HttpError(409, "there is such a thread");
  return { status: 201, body: thread };
}

async function append(threads: Threads, id: string, body: unknown): Promise<Reply> {
  const [role, content] = [text(body, "role"), storableText(body, "content")];
  if (role !== "user" && role !== "assistant") throw new HttpError(400, '"role" must be user or assistant');
  existing(await threads.read(id));
  const stored: StoredMessage = { role, content };
  await threads.append(id, stored);
  return { status: 201, body: stored };
}
