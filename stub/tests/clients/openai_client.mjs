// The official JavaScript client against the stub: streaming or not, tools, usage, errors.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENTS}/package.json`);
const OpenAI = require("openai");

const client = new OpenAI({ baseURL: process.env.STUB_URL, apiKey: "none", maxRetries: 0 });
const model = "scripted";
const messages = [{ role: "user", content: "hello" }];
const text = " tok0 tok1 tok2 tok3 tok4";
const results = { get_weather: '{"celsius": 4}', get_time: "noon" };
const parameters = { type: "object", properties: { city: { type: "string" } } };

async function nonStreaming() {
  const answer = await client.chat.completions.create({ model, messages });
  assert.equal(answer.choices[0].message.content, text);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.usage.completion_tokens, 5);
}

async function streamed() {
  const stream = await client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  let content = "";
  let last;
  for await (const chunk of stream) {
    content += chunk.choices[0]?.delta.content ?? "";
    last = chunk;
  }
  assert.equal(content, text);
  assert.equal(last.usage.completion_tokens, 5);
}

// The client's own tool loop.
async function tools(stream) {
  const called = [];
  const tools = Object.keys(results).map((name) => ({
    type: "function",
    function: {
      name,
      parameters,
      parse: JSON.parse,
      function: (input) => {
        called.push([name, input]);
        return results[name];
      },
    },
  }));
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: "user", content: "How is the weather?" }],
    tools,
    stream,
  });
  assert.equal(await runner.finalContent(), "At noon it is 4 degrees.");
  assert.deepEqual(called, Object.keys(results).map((name) => [name, { city: "Oslo" }]));
}

async function responses() {
  const answer = await client.responses.create({ model, input: "hello" });
  assert.equal(answer.output_text, text);
  let content = "";
  const stream = client.responses.stream({ model, input: "hello" });
  for await (const event of stream) if (event.type === "response.output_text.delta") content += event.delta;
  assert.equal(content, text);
  assert.equal((await stream.finalResponse()).usage.output_tokens, 5);
}

async function embeddings() {
  const { data } = await client.embeddings.create({ model, input: ["a", "b"], dimensions: 8 });
  assert.deepEqual(data.map(({ embedding }) => embedding.length), [8, 8]);
}

async function errors() {
  const ask = (fault) =>
    client.chat.completions.create({ model, messages, stream: true }, { headers: { "x-stub-fault": fault } });
  await assert.rejects(ask("429"), OpenAI.RateLimitError);
  await assert.rejects(ask("500"), OpenAI.InternalServerError);
  const read = async (fault) => {
    for await (const _ of await ask(fault));
  };
  await assert.rejects(read("error-after=2"), OpenAI.APIError);
  await assert.rejects(read("reset-after=2"));
  await assert.rejects(
    client.responses.create({ model, input: "hello", temperature: 9 }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature",
  );
  await assert.rejects(
    client.chat.completions.create({ model, messages: [] }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "messages",
  );
}

const models = await client.models.list();
assert.deepEqual(models.data.map(({ id }) => id), [model]);
await nonStreaming();
await streamed();
await tools(false);
await tools(true);
await responses();
await embeddings();
await errors();
