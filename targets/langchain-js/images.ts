// Image input and output.
import type { Event } from "../javascript/events.ts";
import { decode, parts } from "../javascript/multimodal.ts";
import { HttpError, text } from "../javascript/http_error.ts";

/** Returns a request's message and image as parts of one user message. */
export function picture(body: unknown) {
  const [message, url] = [text(body, "message"), text(body, "image")];
  if (!decode(url)) throw new HttpError(400, '"image" is not the data: URL of an image');
  const content = [{ type: "text" as const, text: message }, { type: "image_url" as const, image_url: { url } }];
  return [{ role: "user" as const, content }];
}

/** Yields the images in a chunk of the model's answer, in parts. */
export function* images(raw: { choices?: { delta?: { images?: { image_url: { url: string } }[] } }[] }): Generator<Event> {
  for (const { image_url } of raw.choices?.[0]?.delta?.images ?? []) {
    const image = decode(image_url.url);
    if (!image) throw new Error("the model sent a broken image");
    yield* parts(image);
  }
}
