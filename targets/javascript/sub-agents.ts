// A planner whose tool runs a sub-agent.
import { start } from "./agent.ts";
import { type Event, stream } from "./events.ts";
import { text } from "./http_error.ts";
import { search, type Tool } from "./tools.ts";

const delegate: Tool = {
  name: "delegate",
  description: "Gives a task to a researcher",
  parameters: { task: "string" },
  async *run({ task }, signal) {
    const system = "You research. Search first, then answer.";
    const events = await start(conversation(system, task), [search], signal);
    return { answer: yield* signed(events, task) };
  },
};

const conversation = (system: string, user: string) => [
  { role: "system" as const, content: system },
  { role: "user" as const, content: user },
];

/** Adds the task to the events of a sub-agent. */
async function* signed(events: AsyncGenerator<Event, string>, agent: string): AsyncGenerator<Event, string> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
    yield { ...value, agent };
  }
}

/** Answers a request body until `signal` aborts. */
export async function subAgents(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  const message = text(body, "message");
  // The failure of one ends the others too.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const events = await start(conversation("You plan. Delegate, then sum up.", message), [delegate], either);
  return stream(ending(events, failed));
}

async function* ending(events: AsyncGenerator<Event>, failed: AbortController): AsyncGenerator<Event> {
  try {
    yield* events;
  } catch (error) {
    failed.abort();
    throw error;
  }
}
