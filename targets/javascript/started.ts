// For frameworks, which say only with their first event whether the model can be used.
import { type Event, stream } from "./events.ts";
import { Refusal } from "./refusal.ts";

/** The stream of an answer, once its first event is there. */
export async function started(events: AsyncGenerator<Event>): Promise<AsyncGenerator<string>> {
  const first = await events.next().catch((error) => {
    throw error instanceof Refusal ? error : new Refusal(502, `the model failed: ${error}`);
  });
  return stream(all(first, events));
}

async function* all(first: IteratorResult<Event>, rest: AsyncGenerator<Event>): AsyncGenerator<Event> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    // Whoever stops reading ends what is behind it.
    await rest.return(undefined);
  }
}
