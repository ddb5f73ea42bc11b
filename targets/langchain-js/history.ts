// A chat with message history: LangGraph stores the state of each thread in SQLite.
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import Database from "better-sqlite3";
import { createAgent, createMiddleware, type ReactAgent } from "langchain";
import type { Event } from "../javascript/events.ts";
import { storableText, validId, text } from "../javascript/http_error.ts";
import type { Answer } from "../javascript/routes.ts";
import { afterFirstEvent } from "../javascript/first_event.ts";
import { model, run } from "./agent.ts";

/** The most messages of a thread that the model gets. */
const historyLimit = 20;

const latestMessages = createMiddleware({
  name: "latestMessages",
  wrapModelCall: (request, handler) => handler({ ...request, messages: request.messages.slice(-historyLimit - 1) }),
});

/** Answers in a thread. */
export function history(path: string): Answer {
  const database = new Database(path);
  database.pragma("synchronous = NORMAL");
  const checkpointer = new SqliteSaver(database as any);
  const agent = createAgent({ model, tools: [], middleware: [latestMessages], checkpointer });
  return (body, signal) => {
    const [thread, content] = [validId(text(body, "thread")), storableText(body, "message")];
    return afterFirstEvent(chat(agent, checkpointer, thread, content, signal));
  };
}

async function* chat(
  agent: ReactAgent,
  saver: SqliteSaver,
  thread: string,
  content: string,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  // The state is written once, at the end.
  const options = { ...(await finished(agent, saver, thread)), durability: "exit" as const };
  yield* run(agent, [{ role: "user", content }], signal, 0, options);
}

/** Returns the last state with a complete answer: LangGraph also stores failed runs. */
async function finished(agent: ReactAgent, saver: SqliteSaver, thread: string) {
  const config = { configurable: { thread_id: thread } };
  let state = await agent.graph.getState(config);
  while (state.next.length > 0 && state.parentConfig) state = await agent.graph.getState(state.parentConfig);
  if (state.next.length === 0) return state.config;
  await saver.deleteThread(thread);
  return config;
}
