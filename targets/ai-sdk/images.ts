// Images in and out.
import type { Event } from "../javascript/events.ts";
import { decode, parts } from "../javascript/multimodal.ts";
import { Refusal, text } from "../javascript/refusal.ts";

/** A request's message and image, as parts of one message of the user. */
export function picture(body: unknown) {
  const [message, url] = [text(body, "message"), text(body, "image")];
  if (!decode(url)) throw new Refusal(400, '"image" is not the data: URL of an image');
  const content = [{ type: "text" as const, text: message }, { type: "image" as const, image: url }];
  return [{ role: "user" as const, content }];
}

/** The images in a chunk of the model's answer, in parts. */
export function* images(raw: { choices?: { delta?: { images?: { image_url: { url: string } }[] } }[] }): Generator<Event> {
  for (const { image_url } of raw.choices?.[0]?.delta?.images ?? []) {
    const image = decode(image_url.url);
    if (!image) throw new Error("the model sent an image that is none");
    yield* parts(image);
  }
}
