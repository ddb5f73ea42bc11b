// Rooms of this process, or of all servers that share a Redis.
import { EventEmitter, on } from "node:events";

/** The members that receive the same answer: the text of its events, then `undefined`. */
export class Round extends EventEmitter<{ event: [string | undefined] }> {
  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** Yields the events from now on. */
  listen(signal: AbortSignal): AsyncIterableIterator<[string | undefined]> {
    return on(this, "event", { signal });
  }
}

/** A member who has joined. */
export interface Member {
  /** The number of members in the room. */
  joined: number;
  events: AsyncIterableIterator<[string | undefined]>;
}

/** Yields the text of an answer's events, until the signal aborts. */
export type Answering = (message: string, signal: AbortSignal) => AsyncIterable<string>;

/**
 * Joins a room. The member that completes it starts the model call. The member leaves when the
 * signal aborts.
 */
export type Join = (room: string, message: string, members: number, signal: AbortSignal) => Promise<Member>;

/** Rooms of this process. */
export function ofThisProcess(answer: Answering): Join {
  /** Rounds that wait for more members. */
  const open = new Map<string, Round & { present: number; empty: AbortController }>();
  return async (room, message, members, signal) => {
    signal.throwIfAborted();
    const round = open.get(room) ?? Object.assign(new Round(), { present: 0, empty: new AbortController() });
    open.set(room, round);
    // The next member of the room is the first of a new round.
    const close = () => open.get(room) === round && open.delete(room);
    const joined = ++round.present;
    const leave = () => {
      if (--round.present > 0) return;
      round.empty.abort();
      close();
    };
    signal.addEventListener("abort", leave, { once: true });
    const events = round.listen(signal);
    if (joined >= members) {
      close();
      broadcast(round, answer(message, round.empty.signal));
    }
    return { joined, events };
  };
}

async function broadcast(round: Round, events: AsyncIterable<string>) {
  for await (const event of events) round.emit("event", event);
  round.emit("event", undefined);
}
