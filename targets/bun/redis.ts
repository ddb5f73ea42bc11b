// Redis with Bun's client.
import { RedisClient } from "bun";
import type { Redis } from "../javascript/redis.ts";

/** Connects to Redis. The server does not start without it. */
export async function connected(url: string): Promise<Redis> {
  const client = new RedisClient(url);
  await client.connect();
  const subscriber = await client.duplicate();
  let deliver = (_channel: string, _text: string) => {};
  return {
    get: (key) => client.get(key),
    eval: (script, keys, args) => client.send("EVAL", [script, String(keys.length), ...keys, ...args]),
    publish: (channel, text) => client.publish(channel, text),
    subscribe: (channel) => subscriber.subscribe(channel, (text, from) => deliver(from, text)),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    listen: (receive) => {
      deliver = receive;
    },
  };
}
