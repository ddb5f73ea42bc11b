// Runs a LangChain agent, and sends its steps as events.
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
    // Without retries, a failure shows immediately.
    maxRetries: 0,
    streamUsage: false,
    ...more,
  });

export const model = newModel();

/** A callback on the model's answer that can pause the reading. */
class Reading extends BaseCallbackHandler {
  name = "reading";
  awaitHandlers = true;
  raiseError = true;
  #tokens = 0;

  /**
   * Bun 1.3 buffers the model's answer without limit, and LangChain reads all of the buffer at
   * once, ahead of the reader of the agent's stream. With a fast model the loop would never yield,
   * and the client's disconnect would go unseen.
   */
  override async handleLLMNewToken() {
    if (++this.#tokens % 64 === 0) await setImmediate();
  }

  /** A stream that ends early without an error would look like a complete answer. */
  override handleLLMEnd({ generations }: LLMResult) {
    if (!generations[0]?.[0]?.generationInfo?.finish_reason) throw new Error("the model broke off");
  }
}

const callbacks = [new Reading()];
const maxTurns = 20;

/**
 * Yields the tokens, tool calls and results of an agent, until `signal` aborts.
 * `depth` is the number of agents around it.
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
  // Each turn has one step for the model and one for its tools.
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
  // The stream includes inner agents, which send their own events.
  const own = metadata.langgraph_checkpoint_ns.split("|").length === depth + 1;
  // A first chunk without a role would not become an AIMessageChunk.
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
