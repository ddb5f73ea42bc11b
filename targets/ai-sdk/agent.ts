// Runs the AI SDK's loop of model and tools, and tells what it does as events.
import { setImmediate } from "node:timers/promises";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { isStepCount, type ModelMessage, streamText, type ToolSet } from "ai";
import type { Event } from "../javascript/events.ts";

const provider = createOpenAICompatible({ name: "stub", baseURL: `${process.env.UPSTREAM}/v1` });

export interface Task {
  instructions?: string;
  messages: ModelMessage[];
  tools?: ToolSet;
}

/** The tokens, tool calls and results of a task. When `signal` fires, it ends. */
export async function* run(task: Task, signal: AbortSignal): AsyncGenerator<Event> {
  const { stream } = streamText({
    ...task,
    model: provider("stub"),
    stopWhen: isStepCount(20),
    abortSignal: signal,
    // A failure is to be seen, and as soon as it happens.
    maxRetries: 0,
    onError() {}, // It is told by the stream, and would be printed here.
  });
  let parts = 0;
  for await (const part of stream) {
    // A model that is faster than this loop would keep Bun 1.3 from ever seeing that the client has left.
    if (++parts % 64 === 0) await setImmediate();
    switch (part.type) {
      case "text-delta":
        yield { content: part.text };
        break;
      case "error":
        throw part.error;
      case "abort":
        throw new Error("the client has left");
    }
  }
}
