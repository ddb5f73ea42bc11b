// One answer of the model, published to all members of a room.
import { contents } from "./chat.ts";
import { data, type Event, stream } from "./events.ts";
import { ask } from "./model.ts";
import { type Redis, sharedBy } from "./redis.ts";
import { validId, HttpError, text } from "./http_error.ts";
import { type Member, ofThisProcess } from "./rooms.ts";

async function* answer(content: string, signal: AbortSignal): AsyncGenerator<Event> {
  yield* contents(await ask([{ role: "user", content }], signal));
}

const answering = (message: string, signal: AbortSignal) => stream(answer(message, signal));
let join = ofThisProcess(answering);

/** Shares the rooms with all servers that use this Redis. */
export function share(redis: Redis) {
  join = sharedBy(redis, answering);
}

/** Answers a request body. The member leaves when `signal` aborts. */
export async function pubsub(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const [room, message, members] = [validId(text(body, "room")), text(body, "message"), size(body)];
  return memberEvents(await join(room, message, members, signal));
}

function size(body: unknown): number {
  const { members } = body as { members?: unknown };
  if (Number.isInteger(members) && Number(members) >= 1 && Number(members) <= 1000) return Number(members);
  throw new HttpError(400, '"members" must be from 1 to 1000');
}

async function* memberEvents({ joined, events }: Member): AsyncGenerator<string> {
  yield data({ joined });
  for await (const [event] of events) {
    if (event === undefined) return;
    yield event;
  }
}
