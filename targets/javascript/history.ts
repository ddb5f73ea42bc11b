// A chat that remembers.
import { type Event, stream } from "./events.ts";
import { ask, type Delta } from "./model.ts";
import { keepable, plainId, text } from "./refusal.ts";
import type { Said, Threads } from "./threads.ts";

/** Messages of the thread that the model is told. */
const remembered = 20;

/** Answers in a thread. */
export const history = (threads: Threads) => async (body: unknown, signal: AbortSignal) => {
  const [thread, content] = [plainId(text(body, "thread")), keepable(body, "message")];
  const question: Said = { role: "user", content };
  const deltas = await ask([...(await threads.latest(thread, remembered)), question], signal);
  return stream(events(threads, thread, question, deltas));
};

async function* events(
  threads: Threads,
  thread: string,
  question: Said,
  deltas: AsyncIterable<Delta>,
): AsyncGenerator<Event> {
  let answer = "";
  for await (const { content } of deltas) {
    if (!content) continue;
    answer += content;
    yield { content };
  }
  await threads.record(thread, question.content, [question, { role: "assistant", content: answer }]);
}
