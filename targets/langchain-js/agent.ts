// Runs a LangChain agent, and tells what it does as events.
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { LLMResult } from "@langchain/core/outputs";
import { ChatOpenAI } from "@langchain/openai";
import type { Event } from "../javascript/events.ts";
import { AIMessage, type BaseMessageLike, type ReactAgent, ToolMessage } from "langchain";

export const model = new ChatOpenAI({
  model: "stub",
  apiKey: "none",
  configuration: { baseURL: `${process.env.UPSTREAM}/v1` },
  // A failure is to be seen, and as soon as it happens.
  maxRetries: 0,
  streamUsage: false,
});

/** A stream that breaks off without an error would pass for an answer that ends. */
class Whole extends BaseCallbackHandler {
  name = "whole";
  awaitHandlers = true;
  raiseError = true;

  override handleLLMEnd({ generations }: LLMResult) {
    if (!generations[0]?.[0]?.generationInfo?.finish_reason) throw new Error("the model broke off");
  }
}

const callbacks = [new Whole()];

/** Each turn is a step for the model and one for its tools. */
const recursionLimit = 2 * 20;

/** The tokens, tool calls and results of an agent that is given `messages`. When `signal` fires, it stops. */
export async function* run(agent: ReactAgent, messages: BaseMessageLike[], signal: AbortSignal): AsyncGenerator<Event> {
  const options = { streamMode: ["messages" as const, "updates" as const], signal, recursionLimit, callbacks };
  for await (const [mode, data] of await agent.stream({ messages }, options)) {
    if (mode === "messages") {
      const [message] = data;
      // Of what the model says, only a first chunk without a role would not be an AIMessageChunk.
      if (!ToolMessage.isInstance(message) && message.text) yield { content: message.text };
    } else {
      const updates = Object.values(data as Record<string, { messages?: unknown[] } | undefined>);
      for (const message of updates.flatMap((update) => update?.messages ?? [])) yield* told(message);
    }
  }
}

/** What is to be told of a message that is whole. */
function* told(message: unknown): Generator<Event> {
  if (AIMessage.isInstance(message)) {
    for (const { id, name, args } of message.tool_calls ?? []) yield { tool_call: { id, name, arguments: args } };
  } else if (ToolMessage.isInstance(message)) {
    yield { tool_result: { id: message.tool_call_id, name: message.name, result: JSON.parse(message.text) } };
  }
}
