// Waits for the first event: frameworks report a failing model only then.
import { type Event, stream } from "./events.ts";
import { HttpError } from "./http_error.ts";

/** Returns the stream of an answer after its first event. */
export async function afterFirstEvent(events: AsyncGenerator<Event>): Promise<AsyncGenerator<string>> {
  const first = await events.next().catch((error) => {
    throw error instanceof HttpError ? error : new HttpError(502, `the model failed: ${error}`);
  });
  return stream(all(first, events));
}

async function* all(first: IteratorResult<Event>, rest: AsyncGenerator<Event>): AsyncGenerator<Event> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    // A reader that stops also ends the source.
    await rest.return(undefined);
  }
}
