// A planner whose tool runs a sub-agent.
import { tool } from "ai";
import { z } from "zod";
import type { Event } from "../javascript/events.ts";
import { run } from "./agent.ts";
import { search } from "./tools.ts";

const conversation = (instructions: string, content: string) => ({
  instructions,
  messages: [{ role: "user" as const, content }],
});

/** Yields the planner's answer until `signal` aborts. */
export async function* plan(message: string, signal: AbortSignal): AsyncGenerator<Event> {
  // The AI SDK would pass a failed tool on to the model. Here it ends the answer and the other
  // sub-agents.
  const failed = new AbortController();
  const delegate = tool({
    description: "Gives a task to a researcher",
    inputSchema: z.object({ task: z.string() }),
    // Preliminary results are its events.
    async *execute({ task }, { abortSignal }) {
      const research = { ...conversation("You research. Search first, then answer.", task), tools: { search } };
      let answer = "";
      try {
        for await (const event of run(research, abortSignal!)) {
          if ("content" in event) answer += event.content;
          else answer = "";
          yield { ...event, agent: task };
        }
      } catch (error) {
        failed.abort(error);
        throw error;
      }
      yield { answer };
    },
  });
  const planner = { ...conversation("You plan. Delegate, then sum up.", message), tools: { delegate } };
  yield* run(planner, AbortSignal.any([signal, failed.signal]));
}
