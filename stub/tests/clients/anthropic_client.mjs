// The official Anthropic client for JavaScript against the stub: streaming or not, errors.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENTS}/package.json`);
const Anthropic = require("@anthropic-ai/sdk");

const baseURL = process.env.STUB_URL.replace(/\/v1$/, "");
const client = new Anthropic({ baseURL, apiKey: "none", maxRetries: 0 });
const request = { model: "scripted", max_tokens: 99, messages: [{ role: "user", content: "hello" }] };
const text = " tok0 tok1 tok2 tok3 tok4";

const answer = await client.messages.create(request);
assert.equal(answer.content[0].text, text);
assert.equal(answer.usage.output_tokens, 5);

let streamed = "";
const stream = client.messages.stream(request).on("text", (delta) => {
  streamed += delta;
});
const last = await stream.finalMessage();
assert.equal(streamed, text);
assert.equal(last.stop_reason, "end_turn");

const failing = (fault) => client.messages.stream(request, { headers: { "x-stub-fault": fault } }).finalMessage();
await assert.rejects(failing("429"), Anthropic.RateLimitError);
await assert.rejects(failing("500"), Anthropic.InternalServerError);
await assert.rejects(failing("error-after=2"), Anthropic.APIError);
await assert.rejects(client.messages.create({ ...request, temperature: 9 }), Anthropic.BadRequestError);
