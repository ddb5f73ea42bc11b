// A chat with message history.
import { type Event, stream } from "./events.ts";
import { ask, type Delta } from "./model.ts";
import { storableText, validId, text } from "./http_error.ts";
import type { StoredMessage, Threads } from "./threads.ts";

/** The most messages of a thread that the model gets. */
const historyLimit = 20;

/** Answers in a thread. */
export const history = (threads: Threads) => async (body: unknown, signal: AbortSignal) => {
  const [thread, content] = [validId(text(body, "thread")), storableText(body, "message")];
  const question: StoredMessage = { role: "user", content };
  const deltas = await ask([...(await threads.latest(thread, historyLimit)), question], signal);
  return stream(events(threads, thread, question, deltas));
};

async function* events(
  threads: Threads,
  thread: string,
  question: StoredMessage,
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
