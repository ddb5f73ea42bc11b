// A planner whose tool runs a sub-agent.
import { createAgent, tool, type ToolRuntime } from "langchain";
import { z } from "zod";
import type { Event } from "../javascript/events.ts";
import { model, run } from "./agent.ts";
import { search } from "./tools.ts";

const researcher = createAgent({ model, tools: [search], systemPrompt: "You research. Search first, then answer." });

/** Yields the planner's answer until `signal` aborts. */
export async function* plan(message: string, signal: AbortSignal): AsyncGenerator<Event> {
  // LangChain would pass a failed tool on to the model. Here it ends the answer and the other
  // sub-agents.
  const failed = new AbortController();
  const delegate = tool(
    async ({ task }, { signal, writer }: ToolRuntime) => {
      let answer = "";
      try {
        for await (const event of run(researcher, [{ role: "user", content: task }], signal!, 1)) {
          if ("content" in event) answer += event.content;
          else answer = "";
          writer!({ ...event, agent: task });
        }
      } catch (error) {
        failed.abort(error);
      }
      return JSON.stringify({ answer });
    },
    { name: "delegate", description: "Gives a task to a researcher", schema: z.object({ task: z.string() }) },
  );
  const planner = createAgent({ model, tools: [delegate], systemPrompt: "You plan. Delegate, then sum up." });
  yield* run(planner, [{ role: "user", content: message }], AbortSignal.any([signal, failed.signal]));
}
