// A planner whose tool is another agent.
import { tool } from "ai";
import { z } from "zod";
import type { Event } from "../javascript/events.ts";
import { run } from "./agent.ts";
import { search } from "./tools.ts";

const conversation = (instructions: string, content: string) => ({
  instructions,
  messages: [{ role: "user" as const, content }],
});

/** The planner's answer. When `signal` fires, it ends. */
export async function* plan(message: string, signal: AbortSignal): AsyncGenerator<Event> {
  // The AI SDK would tell the model of a tool that fails; here it ends the answer, and the other sub-agents.
  const failed = new AbortController();
  const delegate = tool({
    description: "Gives a task to a researcher",
    inputSchema: z.object({ task: z.string() }),
    // What it yields before the end are its events.
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
