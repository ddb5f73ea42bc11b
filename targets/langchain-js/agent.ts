// Runs a LangChain agent, and tells what it does as events.
import { setImmediate } from "node:timers/promises";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { LLMResult } from "@langchain/core/outputs";
import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { AIMessage, type BaseMessage, type BaseMessageLike, type ReactAgent, ToolMessage } from "langchain";
import type { Event } from "../javascript/events.ts";
import { images } from "./images.ts";

export const newModel = (more: ChatOpenAIFields = {}) =>
  new ChatOpenAI({
    model: "stub",
    apiKey: "none",
    configuration: { baseURL: `${process.env.UPSTREAM}/v1` },
    // A failure is to be seen, and as soon as it happens.
    maxRetries: 0,
    streamUsage: false,
    ...more,
  });

export const model = newModel();

/** Is told of the model's answer while it is read, and can hold up the reading. */
class Reading extends BaseCallbackHandler {
  name = "reading";
  awaitHandlers = true;
  raiseError = true;
  #tokens = 0;

  /**
   * Bun 1.3 takes in what the model sends without limit, and what is there is read in one go, by LangChain ahead of whoever streams
   * the agent. A model that is faster would so be read ever longer at a time, until it is no longer seen that the client has left.
   */
  override async handleLLMNewToken() {
    if (++this.#tokens % 64 === 0) await setImmediate();
  }

  /** A stream that breaks off without an error would pass for an answer that ends. */
  override handleLLMEnd({ generations }: LLMResult) {
    if (!generations[0]?.[0]?.generationInfo?.finish_reason) throw new Error("the model broke off");
  }
}

const callbacks = [new Reading()];
const maxTurns = 20;

/**
 * The tokens, tool calls and results of an agent that is given `messages`. When `signal` fires, it stops.
 * `depth` is how many agents it is within.
 */
export async function* run(
  agent: ReactAgent,
  messages: BaseMessageLike[],
  signal: AbortSignal,
  depth = 0,
  more: object = {},
): AsyncGenerator<Event> {
  let turns = 0;
  const streamMode = ["messages" as const, "updates" as const, "custom" as const];
  // Each turn is a step for the model and one for its tools.
  const options = { ...more, streamMode, signal, callbacks, recursionLimit: 2 * maxTurns };
  for await (const [mode, data] of await agent.stream({ messages }, options)) {
    if (mode === "custom") yield data;
    else if (mode === "messages") yield* token(data, depth);
    else
      for (const message of Object.values(data).flatMap((update) => update?.messages ?? [])) {
        if (AIMessage.isInstance(message) && message.tool_calls?.length && ++turns === maxTurns)
          throw new Error(`no answer after ${maxTurns} turns`);
        yield* whole(message);
      }
  }
}

function* token([message, metadata]: [BaseMessage, Record<string, any>], depth: number): Generator<Event> {
  // Agents within this one are heard too, but they tell for themselves.
  const own = metadata.langgraph_checkpoint_ns.split("|").length === depth + 1;
  // Of what a model says, a first chunk without a role would not be an AIMessageChunk.
  if (!own || ToolMessage.isInstance(message)) return;
  if (message.text) yield { content: message.text };
  const raw = message.additional_kwargs.__raw_response;
  if (raw) yield* images(raw);
}

function* whole(message: unknown): Generator<Event> {
  if (AIMessage.isInstance(message)) {
    for (const { id, name, args } of message.tool_calls ?? []) yield { tool_call: { id: id!, name, arguments: args } };
  } else if (ToolMessage.isInstance(message)) {
    const result = message.status === "error" ? { error: message.text } : JSON.parse(message.text);
    yield { tool_result: { id: message.tool_call_id, name: message.name!, result } };
  }
}
