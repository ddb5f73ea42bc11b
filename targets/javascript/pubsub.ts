// One answer of the model, published to all members of a room.
import { contents } from "./chat.ts";
import { data, type Event, stream } from "./events.ts";
import { ask } from "./model.ts";
import { type Redis, sharedBy } from "./redis.ts";
import { plainId, Refusal, text } from "./refusal.ts";
import { type Member, ofThisProcess } from "./rooms.ts";

async function* answer(content: string, signal: AbortSignal): AsyncGenerator<Event> {
  yield* contents(await ask([{ role: "user", content }], signal));
}

const answering = (message: string, signal: AbortSignal) => stream(answer(message, signal));
let join = ofThisProcess(answering);

/** From now on, rooms are those of all servers with this Redis. */
export function share(redis: Redis) {
  join = sharedBy(redis, answering);
}

/** The answer to a body. When `signal` fires, this member has left. */
export async function pubsub(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const [room, message, members] = [plainId(text(body, "room")), text(body, "message"), size(body)];
  return hear(await join(room, message, members, signal));
}

function size(body: unknown): number {
  const { members } = body as { members?: unknown };
  if (Number.isInteger(members) && Number(members) >= 1 && Number(members) <= 1000) return Number(members);
  throw new Refusal(400, '"members" must be from 1 to 1000');
}

async function* hear({ joined, said }: Member): AsyncGenerator<string> {
  yield data({ joined });
  for await (const [event] of said) {
    if (event === undefined) return;
    yield event;
  }
}
