// One answer of the model, published to all members of a room.
import { EventEmitter, on } from "node:events";
import { contents } from "./chat.ts";
import { data, type Event, stream } from "./events.ts";
import { ask } from "./model.ts";
import { plainId, Refusal, text } from "./refusal.ts";

/** Rooms that wait for more members. */
const open = new Map<string, Round>();

/** Those who hear the same answer. It is published as the text of its events, and then `undefined`. */
class Round extends EventEmitter<{ said: [string | undefined] }> {
  room: string;
  present = 0;
  empty = new AbortController();

  constructor(room: string) {
    super();
    this.room = room;
    this.setMaxListeners(0);
  }

  join(): number {
    open.set(this.room, this);
    return ++this.present;
  }

  leave() {
    if (--this.present > 0) return;
    this.empty.abort();
    this.close();
  }

  /** The next who comes to the room is the first of another round. */
  close() {
    if (open.get(this.room) === this) open.delete(this.room);
  }

  async publish(message: string) {
    this.close();
    for await (const event of stream(answer(message, this.empty.signal))) this.emit("said", event);
    this.emit("said", undefined);
  }
}

async function* answer(content: string, signal: AbortSignal): AsyncGenerator<Event> {
  yield* contents(await ask([{ role: "user", content }], signal));
}

/** The answer to a body. When `signal` fires, this member has left. */
export async function pubsub(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const [room, message, members] = [plainId(text(body, "room")), text(body, "message"), size(body)];
  signal.throwIfAborted();
  const round = open.get(room) ?? new Round(room);
  const joined = round.join();
  signal.addEventListener("abort", () => round.leave(), { once: true });
  const said = on(round, "said", { signal });
  if (joined >= members) round.publish(message);
  return hear(joined, said);
}

function size(body: unknown): number {
  const { members } = body as { members?: unknown };
  if (Number.isInteger(members) && Number(members) >= 1 && Number(members) <= 1000) return Number(members);
  throw new Refusal(400, '"members" must be from 1 to 1000');
}

async function* hear(joined: number, said: AsyncIterable<[string | undefined]>): AsyncGenerator<string> {
  yield data({ joined });
  for await (const [event] of said) {
    if (event === undefined) return;
    yield event;
  }
}
