// LangChain for JavaScript against the stub: a stream, and tool calls that arrive in fragments.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENTS}/package.json`);
const { ChatOpenAI } = require("@langchain/openai");
const { HumanMessage, ToolMessage } = require("@langchain/core/messages");

const configuration = { baseURL: process.env.STUB_URL };
const model = new ChatOpenAI({ model: "scripted", apiKey: "none", maxRetries: 0, configuration });

let text = "";
for await (const chunk of await model.stream("hello")) text += chunk.text;
assert.equal(text, " tok0 tok1 tok2 tok3 tok4");

const results = { get_weather: '{"celsius": 4}', get_time: "noon" };
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = Object.keys(results).map((name) => ({ type: "function", function: { name, parameters } }));
const agent = model.bindTools(tools);
const messages = [new HumanMessage("How is the weather?")];

let answer;
for await (const chunk of await agent.stream(messages)) answer = answer?.concat(chunk) ?? chunk;
assert.deepEqual(answer.tool_calls.map(({ name, args }) => [name, args.city]), [["get_weather", "Oslo"], ["get_time", "Oslo"]]);

messages.push(answer);
for (const { id, name } of answer.tool_calls) {
  messages.push(new ToolMessage({ tool_call_id: id, content: results[name] }));
}
assert.equal((await agent.invoke(messages)).text, "At noon it is 4 degrees.");
