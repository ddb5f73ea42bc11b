// A chat that remembers.
import type { Event } from "../javascript/events.ts";
import { keepable, plainId, text } from "../javascript/refusal.ts";
import type { Answer } from "../javascript/routes.ts";
import { started } from "../javascript/started.ts";
import { type Database, type Said, threadsIn } from "../javascript/threads.ts";
import { run } from "./agent.ts";

/** Messages of the thread that the model is told. */
const remembered = 20;

/**
 * Answers in a thread. The AI SDK leaves it to its users to keep them. Its `onEnd` would be the place, but it is called for
 * answers that broke off too, and errors in it are dropped.
 */
export function history(database: Database): Answer {
  const threads = threadsIn(database);

  async function* chat(thread: string, question: Said, signal: AbortSignal): AsyncGenerator<Event> {
    let answer = "";
    for await (const event of run({ messages: [...threads.latest(thread, remembered), question] }, signal)) {
      if ("content" in event) answer += event.content;
      yield event;
    }
    threads.record(thread, question.content, [question, { role: "assistant", content: answer }]);
  }

  return (body, signal) => {
    const [thread, content] = [plainId(text(body, "thread")), keepable(body, "message")];
    return started(chat(thread, { role: "user", content }, signal));
  };
}
