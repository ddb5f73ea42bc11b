// Redis by Bun's own client.
import { RedisClient } from "bun";
import type { Redis } from "../javascript/redis.ts";

/** A client that is connected; without Redis there is no server. */
export async function connected(url: string): Promise<Redis> {
  const client = new RedisClient(url);
  await client.connect();
  const subscriber = await client.duplicate();
  let heard = (_channel: string, _text: string) => {};
  return {
    get: (key) => client.get(key),
    eval: (script, keys, args) => client.send("EVAL", [script, String(keys.length), ...keys, ...args]),
    publish: (channel, text) => client.publish(channel, text),
    subscribe: (channel) => subscriber.subscribe(channel, (text, from) => heard(from, text)),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    listen: (hear) => {
      heard = hear;
    },
  };
}
