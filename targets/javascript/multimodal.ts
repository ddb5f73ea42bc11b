// Image input and output.
import { Buffer } from "node:buffer";
import { type Event, stream } from "./events.ts";
import { ask, type Delta } from "./model.ts";
import { HttpError, text } from "./http_error.ts";

/** Bytes of an image per event. */
const partSize = 48 * 1024;

/** Answers a request body until `signal` aborts. */
export async function multimodal(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const [message, url] = [text(body, "message"), text(body, "image")];
  if (!decode(url)) throw new HttpError(400, '"image" is not the data: URL of an image');
  const content = [
    { type: "text" as const, text: message },
    { type: "image_url" as const, image_url: { url } },
  ];
  return stream(events(await ask([{ role: "user", content }], signal)));
}

async function* events(deltas: AsyncIterable<Delta>): AsyncGenerator<Event> {
  for await (const { content, images } of deltas) {
    if (content) yield { content };
    for (const { image_url } of images ?? []) {
      const image = decode(image_url.url);
      if (!image) throw new Error("the model sent a broken image");
      yield* parts(image);
    }
  }
}

export function* parts({ type, bytes }: { type: string; bytes: Buffer }): Generator<Event> {
  const parts = Math.ceil(bytes.length / partSize);
  for (let part = 0; part < parts; part++) {
    const data = bytes.toString("base64", part * partSize, (part + 1) * partSize);
    yield { image: { type, part, parts, data } };
  }
}

/** Returns the content of an image's `data:` URL, or `undefined` if the URL is not one. */
export function decode(url: string): { type: string; bytes: Buffer } | undefined {
  const head = /^data:(image\/[\w.+-]+);base64,/.exec(url);
  if (!head) return;
  const base64 = url.slice(head[0].length);
  const bytes = Buffer.from(base64, "base64");
  // Buffer skips characters that are not base64, so the length reveals them.
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  if (bytes.length === 0 || bytes.length !== (base64.length / 4) * 3 - padding) return;
  return { type: head[1], bytes };
}
