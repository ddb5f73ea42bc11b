// Runs the AI SDK's loop of model and tools, and tells what it does as events.
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

/** The tokens, tool calls and results of a task. When `signal` fires, it ends. */
export async function* run(task: Task, signal: AbortSignal): AsyncGenerator<Event> {
  const { stream } = streamText({
    ...task,
    model: provider("stub"),
    stopWhen: isStepCount(maxTurns),
    abortSignal: signal,
    // A failure is to be seen, and as soon as it happens.
    maxRetries: 0,
    onError() {}, // It is told by the stream, and would be printed here.
  });
  let parts = 0;
  let turns = 0;
  for await (const part of stream) {
    // A model that is faster than this loop would keep Bun 1.3 from ever seeing that the client has left.
    if (++parts % 64 === 0) await setImmediate();
    if (part.type === "start-step") turns++;
    if (part.type === "tool-call" && turns === maxTurns) throw new Error(`no answer after ${maxTurns} turns`);
    if (part.type === "abort") throw signal.reason;
    yield* told(part);
  }
}

function* told(part: TextStreamPart<ToolSet>): Generator<Event> {
  switch (part.type) {
    case "text-delta":
      return yield { content: part.text };
    case "tool-call":
      return yield { tool_call: { id: part.toolCallId, name: part.toolName, arguments: part.input } };
    case "tool-result":
      // A sub-agent's events are what its tool returns before the end.
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
