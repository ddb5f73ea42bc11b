// Vercel's AI SDK against the stub: a stream, and the SDK's tool loop.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENTS}/package.json`);
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");
const { stepCountIs, streamText, tool } = require("ai");
const { z } = require("zod");

const provider = createOpenAICompatible({ name: "stub", baseURL: process.env.STUB_URL, includeUsage: true });
const model = provider("scripted");

const hello = streamText({ model, prompt: "hello" });
assert.equal(await hello.text, " tok0 tok1 tok2 tok3 tok4");
assert.equal(await hello.finishReason, "stop");

const inputSchema = z.object({ city: z.string() });
const returning = (result) => tool({ inputSchema, execute: async () => result });
const tools = { get_weather: returning({ celsius: 4 }), get_time: returning("noon") };
const asked = streamText({ model, prompt: "How is the weather?", tools, stopWhen: stepCountIs(3) });
assert.equal(await asked.text, 'At noon it is 4 degrees.');
assert.equal((await asked.steps).length, 2);
