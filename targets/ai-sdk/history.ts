// A chat with message history.
import type { Event } from "../javascript/events.ts";
import { storableText, validId, text } from "../javascript/http_error.ts";
import type { Answer } from "../javascript/routes.ts";
import { afterFirstEvent } from "../javascript/first_event.ts";
import { type Database, type StoredMessage, threadsIn } from "../javascript/threads.ts";
import { run } from "./agent.ts";

/** The most messages of a thread that the model gets. */
const historyLimit = 20;

/**
 * Answers in a thread. The AI SDK leaves storage to its users. Its `onEnd` also runs for incomplete
 * answers, and drops errors, so the messages are stored here.
 */
export function history(database: Database): Answer {
  const threads = threadsIn(database);

  async function* chat(thread: string, question: StoredMessage, signal: AbortSignal): AsyncGenerator<Event> {
    let answer = "";
    for await (const event of run({ messages: [...threads.latest(thread, historyLimit), question] }, signal)) {
      if ("content" in event) answer += event.content;
      yield event;
    }
    threads.record(thread, question.content, [question, { role: "assistant", content: answer }]);
  }

  return (body, signal) => {
    const [thread, content] = [validId(text(body, "thread")), storableText(body, "message")];
    return afterFirstEvent(chat(thread, { role: "user", content }, signal));
  };
}
