// Vercel's AI SDK against the stub: a stream, and the SDK's tool loop, with each provider.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENTS}/package.json`);
const { createAnthropic } = require("@ai-sdk/anthropic");
const { createGoogleGenerativeAI } = require("@ai-sdk/google");
const { createOpenAI } = require("@ai-sdk/openai");
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");
const { embed, generateText, Output, stepCountIs, streamText, tool } = require("ai");
const { z } = require("zod");

const baseURL = process.env.STUB_URL;
const apiKey = "none";
const openai = createOpenAI({ baseURL, apiKey });
const models = {
  compatible: createOpenAICompatible({ name: "stub", baseURL, includeUsage: true, supportsStructuredOutputs: true })("scripted"),
  // The default of this provider is the responses API.
  openai: openai("scripted"),
  "openai.chat": openai.chat("scripted"),
  anthropic: createAnthropic({ baseURL, apiKey })("scripted"),
  google: createGoogleGenerativeAI({ baseURL: `${baseURL}beta`, apiKey })("scripted"),
};

const inputSchema = z.object({ city: z.string() });
const returning = (result) => tool({ inputSchema, execute: async () => result });
const tools = { get_weather: returning({ celsius: 4 }), get_time: returning("noon") };
const calls = Object.keys(tools).map((name) => [name, "Oslo"]);

for (const [name, model] of Object.entries(models)) {
  const hello = streamText({ model, prompt: "hello" });
  assert.equal(await hello.text, " tok0 tok1 tok2 tok3 tok4", name);
  assert.equal(await hello.finishReason, "stop", name);
  assert.equal((await hello.usage).outputTokens, 5, name);
  // Google's provider wraps the results of tools, which the script does not expect.
  const steps = name === "google" ? 1 : 2;
  const asked = streamText({ model, prompt: "How is the weather?", tools, stopWhen: stepCountIs(steps) });
  const [first, ...others] = await asked.steps;
  assert.deepEqual(first.toolCalls.map(({ toolName, input }) => [toolName, input.city]), calls, name);
  assert.deepEqual(others.map(({ text }) => text), Array(steps - 1).fill("At noon it is 4 degrees."), name);
  const structured = await generateText({ model, prompt: "hello", output: Output.object({ schema: inputSchema }) });
  assert.equal(typeof structured.output.city, "string", name);
}

const { embedding } = await embed({ model: openai.textEmbeddingModel("scripted"), value: "hello" });
assert.equal(embedding.length, 1536);
