// Runs the AI SDK's loop of model and tools, and sends its steps as events.
import { setImmediate } from "node:timers/promises";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { isStepCount, type ModelMessage, streamText, type TextStreamPart, type ToolSet } from "ai";
import type { Event } from "../javascript/events.ts";
import { images } from "./images.ts";

const provider = createOpenAICompatible({ name: "stub", baseURL: `${process.env.UPSTREAM}/v1` });
const maxTurns = 20;

export interface Task {
  instructions?: string;
  messages: ModelMessage[];
  tools?: ToolSet;
  includeRawChunks?: boolean;
}

/** Yields the tokens, tool calls and results of a task until `signal` aborts. */
export async function* run(task: Task, signal: AbortSignal): AsyncGenerator<Event> {
  const { stream } = streamText({
    ...task,
    model: provider("stub"),
    stopWhen: isStepCount(maxTurns),
    abortSignal: signal,
    // Without retries, a failure shows immediately.
    maxRetries: 0,
    onError() {}, // The stream reports errors; the default would print them too.
  });
  let parts = 0;
  let turns = 0;
  for await (const part of stream) {
    // Without a pause, a model that is faster than this loop keeps Bun 1.3 from seeing the client's
    // disconnect.
    if (++parts % 64 === 0) await setImmediate();
    if (part.type === "start-step") turns++;
    if (part.type === "tool-call" && turns === maxTurns) throw new Error(`no answer after ${maxTurns} turns`);
    if (part.type === "abort") throw signal.reason;
    yield* eventsOf(part);
  }
}

function* eventsOf(part: TextStreamPart<ToolSet>): Generator<Event> {
  switch (part.type) {
    case "text-delta":
      return yield { content: part.text };
    case "tool-call":
      return yield { tool_call: { id: part.toolCallId, name: part.toolName, arguments: part.input } };
    case "tool-result":
      // A sub-agent's events are the preliminary results of its tool.
      if (!part.preliminary) yield { tool_result: { id: part.toolCallId, name: part.toolName, result: part.output } };
      else if ("agent" in part.output) yield part.output;
      return;
    case "tool-error":
      return yield { tool_result: { id: part.toolCallId, name: part.toolName, result: { error: String(part.error) } } };
    case "raw":
      return yield* images(part.rawValue as object);
    case "error":
      throw part.error;
  }
}
