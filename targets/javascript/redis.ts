// Rooms whose members may be at several servers: Redis counts them, and passes on what is published.
import { type Answering, type Join, Round } from "./rooms.ts";

/** What is needed of a client. Whoever subscribes does so over a connection of its own. */
export interface Redis {
  get(key: string): Promise<string | null>;
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  publish(channel: string, text: string): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  /** Who hears the texts of all channels. */
  listen(hear: (channel: string, text: string) => void): void;
}

/** Counts a member of a round, which is over for newcomers once it is complete. 0 if it was complete before. */
const JOIN = `
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
  local present = redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], 3600)
  if present >= tonumber(ARGV[2]) then
    redis.call('INCR', KEYS[1])
    redis.call('EXPIRE', KEYS[1], 3600)
  end
  return present`;
/** Uncounts one; if all have left a round that was complete, its end tells whoever asks the model. */
const LEAVE = `
  if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
  redis.call('DEL', KEYS[2])
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end`;
/** Ends a round: an empty text says so. */
const END = "redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')";

/** A round as far as it is heard at this server. */
class Heard extends Round {
  /** Members, and who publishes. */
  users = 0;
  over = new AbortController();
  subscribed: Promise<unknown> = Promise.resolve();
}

/** Rooms that all servers with this Redis share. */
export function sharedBy(redis: Redis, answer: Answering): Join {
  const rounds = new Map<string, Heard>();
  // One after another, so that leaving a channel does not undo that somebody else has come to it.
  let changes: Promise<unknown> = Promise.resolve();

  redis.listen((channel, text) => {
    const round = rounds.get(channel);
    round?.emit("said", text || undefined);
    if (!round || text !== "") return;
    round.over.abort();
    drop(channel, round);
  });

  function enter(channel: string): Heard {
    let round = rounds.get(channel);
    if (!round) {
      round = new Heard();
      rounds.set(channel, round);
      round.subscribed = changes = changes.then(() => redis.subscribe(channel));
    }
    round.users++;
    return round;
  }

  function exit(channel: string, round: Heard) {
    if (--round.users === 0) drop(channel, round);
  }

  function drop(channel: string, round: Heard) {
    if (rounds.get(channel) !== round) return;
    rounds.delete(channel);
    changes = changes.then(() => redis.unsubscribe(channel));
  }

  async function publish(channel: string, round: Heard, message: string) {
    round.users++;
    for await (const event of answer(message, round.over.signal)) await redis.publish(channel, event);
    if (!round.over.signal.aborted) await redis.eval(END, [channel], []);
    exit(channel, round);
  }

  return async (name, message, members, signal) => {
    while (true) {
      signal.throwIfAborted();
      const room = `room:${name}`;
      const number = (await redis.get(room)) ?? "0";
      const channel = `${room}:${number}`;
      const round = enter(channel);
      await round.subscribed;
      // Before it is counted: whoever comes next may complete the round.
      const said = round.heard(signal);
      const joined = Number(await redis.eval(JOIN, [room, channel], [number, String(members)]));
      if (joined === 0) {
        said.return?.();
        exit(channel, round);
        continue;
      }
      if (joined >= members) publish(channel, round, message);
      const leave = () => {
        if (round.over.signal.aborted) return;
        exit(channel, round);
        redis.eval(LEAVE, [room, channel], [number]);
      };
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
      return { joined, said };
    }
  };
}
