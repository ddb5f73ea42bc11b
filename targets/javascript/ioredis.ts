// Redis with ioredis, for Node.
import type { Redis as Client } from "ioredis";
import type { Redis } from "./redis.ts";

/** Connects to Redis. The server does not start without it. */
export async function connected(client: Client): Promise<Redis> {
  const subscriber = client.duplicate();
  await Promise.all([client.connect(), subscriber.connect()]);
  return {
    get: (key) => client.get(key),
    eval: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
    publish: (channel, text) => client.publish(channel, text),
    subscribe: (channel) => subscriber.subscribe(channel),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    listen: (receive) => subscriber.on("message", receive),
  };
}
