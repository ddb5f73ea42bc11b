// Threads over HTTP.
import { keepable, plainId, Refusal, text } from "./refusal.ts";
import type { Said, Threads } from "./threads.ts";
import { nothing, type Reply } from "./whole.ts";

/** Answers a request for `/threads…`; `undefined` stands for a body that is not JSON. */
export async function crud(threads: Threads, method: string, url: URL, body: unknown): Promise<Reply> {
  const [, , id, rest] = url.pathname.split("/");
  switch (`${method} ${url.pathname.replace(`/${id}`, "/:id")}`) {
    case "GET /threads":
      return list(threads, url.searchParams);
    case "POST /threads":
      return create(threads, body);
    case "GET /threads/:id":
      return { status: 200, body: { ...existing(await threads.read(plainId(id))), messages: await threads.messages(id) } };
    case "PATCH /threads/:id":
      return { status: 200, body: existing(await threads.rename(plainId(id), keepable(body, "title"))) };
    case "DELETE /threads/:id":
      existing((await threads.remove(plainId(id))) || undefined);
      return { status: 204 };
    case "POST /threads/:id/messages":
      return append(threads, plainId(id), body);
  }
  return nothing(method, url, body);
}

function existing<T>(found: T | undefined): T {
  if (found === undefined) throw new Refusal(404, "there is no such thread");
  return found;
}

async function list(threads: Threads, query: URLSearchParams): Promise<Reply> {
  const limit = Number(query.get("limit") ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new Refusal(400, "limit must be from 1 to 100");
  const after = query.get("after");
  // One more than wanted tells whether there are more.
  const found = await threads.list(after ? plainId(after) : "", limit + 1);
  const page = found.slice(0, limit);
  return { status: 200, body: { threads: page, next: found.length > limit ? page.at(-1)!.id : null } };
}

async function create(threads: Threads, body: unknown): Promise<Reply> {
  const thread = await threads.create(plainId(text(body, "id")), keepable(body, "title"));
  if (!thread) throw new Refusal(409, "there is such a thread");
  return { status: 201, body: thread };
}

async function append(threads: Threads, id: string, body: unknown): Promise<Reply> {
  const [role, content] = [text(body, "role"), keepable(body, "content")];
  if (role !== "user" && role !== "assistant") throw new Refusal(400, '"role" must be user or assistant');
  existing(await threads.read(id));
  const said: Said = { role, content };
  await threads.append(id, said);
  return { status: 201, body: said };
}
