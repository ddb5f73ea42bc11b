// Rooms whose members may be connected to several servers. Redis counts the members and distributes
// the events.
import { type Answering, type Join, Round } from "./rooms.ts";

/** The client interface. A subscription uses a separate connection. */
export interface Redis {
  get(key: string): Promise<string | null>;
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  publish(channel: string, text: string): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  /** Receives the messages of all channels. */
  listen(receive: (channel: string, text: string) => void): void;
}

/**
 * Adds a member to the current round. Returns 0 if that round was already complete; the next one
 * starts then.
 */
const JOIN = `
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
  local present = redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], 3600)
  if present >= tonumber(ARGV[2]) then
    redis.call('INCR', KEYS[1])
    redis.call('EXPIRE', KEYS[1], 3600)
  end
  return present`;
/**
 * Removes a member. If all have left a complete round, publishes its end, which stops the model
 * call.
 */
const LEAVE = `
  if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
  redis.call('DEL', KEYS[2])
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end`;
/** Ends a round by publishing an empty text. */
const END = "redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')";

/** The local part of a round. */
class LocalRound extends Round {
  /** Members and publishers. */
  users = 0;
  over = new AbortController();
  subscribed: Promise<unknown> = Promise.resolve();
}

/** Rooms that all servers with this Redis share. */
export function sharedBy(redis: Redis, answer: Answering): Join {
  const rounds = new Map<string, LocalRound>();
  // Serialized, so that one member's unsubscribe does not undo another one's subscribe.
  let changes: Promise<unknown> = Promise.resolve();

  redis.listen((channel, text) => {
    const round = rounds.get(channel);
    round?.emit("event", text || undefined);
    if (!round || text !== "") return;
    round.over.abort();
    drop(channel, round);
  });

  function enter(channel: string): LocalRound {
    let round = rounds.get(channel);
    if (!round) {
      round = new LocalRound();
      rounds.set(channel, round);
      round.subscribed = changes = changes.then(() => redis.subscribe(channel));
    }
    round.users++;
    return round;
  }

  function exit(channel: string, round: LocalRound) {
    if (--round.users === 0) drop(channel, round);
  }

  function drop(channel: string, round: LocalRound) {
    if (rounds.get(channel) !== round) return;
    rounds.delete(channel);
    changes = changes.then(() => redis.unsubscribe(channel));
  }

  async function publish(channel: string, round: LocalRound, message: string) {
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
      // Before counting: the next member may complete the round.
      const events = round.listen(signal);
      const joined = Number(await redis.eval(JOIN, [room, channel], [number, String(members)]));
      if (joined === 0) {
        events.return?.();
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
      return { joined, events };
    }
  };
}
