// The official Gemini client for JavaScript against the stub: streaming or not, errors.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENTS}/package.json`);
const { ApiError, GoogleGenAI } = require("@google/genai");

const baseUrl = process.env.STUB_URL.replace(/\/v1$/, "");
const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl } });
const request = { model: "scripted", contents: "hello" };
const text = " tok0 tok1 tok2 tok3 tok4";

const answer = await client.models.generateContent(request);
assert.equal(answer.text, text);
assert.equal(answer.usageMetadata.candidatesTokenCount, 5);

let streamed = "";
for await (const chunk of await client.models.generateContentStream(request)) streamed += chunk.text ?? "";
assert.equal(streamed, text);

const hot = client.models.generateContent({ ...request, config: { temperature: 9 } });
await assert.rejects(hot, (error) => error instanceof ApiError && error.status === 400);
