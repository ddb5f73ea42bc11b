// What Node's servers do with Redis, by the client that most of them use.
import type { Redis as Client } from "ioredis";
import type { Redis } from "./redis.ts";

/** A client that is connected; without Redis there is no server. */
export async function connected(client: Client): Promise<Redis> {
  const subscriber = client.duplicate();
  await Promise.all([client.connect(), subscriber.connect()]);
  return {
    get: (key) => client.get(key),
    eval: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
    publish: (channel, text) => client.publish(channel, text),
    subscribe: (channel) => subscriber.subscribe(channel),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    listen: (hear) => subscriber.on("message", hear),
  };
}
