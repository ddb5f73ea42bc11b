// Rooms of this process, or of all servers that share a Redis.
import { EventEmitter, on } from "node:events";

/** Those who hear the same answer. It is said as the text of its events, and then `undefined`. */
export class Round extends EventEmitter<{ said: [string | undefined] }> {
  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** What is said from now on. */
  heard(signal: AbortSignal): AsyncIterableIterator<[string | undefined]> {
    return on(this, "said", { signal });
  }
}

/** A member who has joined. */
export interface Member {
  /** How many are in the room now. */
  joined: number;
  said: AsyncIterableIterator<[string | undefined]>;
}

/** The answer to a message, as the text of its events. It ends when the signal fires. */
export type Answering = (message: string, signal: AbortSignal) => AsyncIterable<string>;

/** Joins a room; whoever completes it has the model asked. When the signal fires, the member has left. */
export type Join = (room: string, message: string, members: number, signal: AbortSignal) => Promise<Member>;

/** Rooms of this process. */
export function ofThisProcess(answer: Answering): Join {
  /** Rounds that wait for more members. */
  const open = new Map<string, Round & { present: number; empty: AbortController }>();
  return async (room, message, members, signal) => {
    signal.throwIfAborted();
    const round = open.get(room) ?? Object.assign(new Round(), { present: 0, empty: new AbortController() });
    open.set(room, round);
    // The next who comes to the room is the first of another round.
    const close = () => open.get(room) === round && open.delete(room);
    const joined = ++round.present;
    const leave = () => {
      if (--round.present > 0) return;
      round.empty.abort();
      close();
    };
    signal.addEventListener("abort", leave, { once: true });
    const said = round.heard(signal);
    if (joined >= members) {
      close();
      say(round, answer(message, round.empty.signal));
    }
    return { joined, said };
  };
}

async function say(round: Round, events: AsyncIterable<string>) {
  for await (const event of events) round.emit("said", event);
  round.emit("said", undefined);
}
