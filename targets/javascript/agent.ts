// An agent: asks the model and runs its tools, turn by turn, until the model answers.
import { type Event, stream, type ToolCall } from "./events.ts";
import { merge } from "./merge.ts";
import { ask, type Call, type Delta, type Message } from "./model.ts";
import { text } from "./http_error.ts";
import { definition, mistake, type Tool, tools } from "./tools.ts";

const maxTurns = 20;

/** Answers a request body until `signal` aborts. */
export async function agent(body: unknown, signal: AbortSignal): Promise<AsyncGenerator<string>> {
  return stream(await start([{ role: "user", content: text(body, "message") }], tools, signal));
}

/** Runs the loop of model and tools. Yields its events, and returns the text of the last turn. */
export async function start(messages: Message[], tools: Tool[], signal: AbortSignal) {
  const definitions = tools.map(definition);
  const turn = () => ask(messages, signal, definitions);
  return loop(await turn(), turn, messages, tools, signal);
}

async function* loop(
  deltas: AsyncIterable<Delta>,
  turn: () => Promise<AsyncIterable<Delta>>,
  messages: Message[],
  tools: Tool[],
  signal: AbortSignal,
): AsyncGenerator<Event, string> {
  for (let turns = 1; ; turns++) {
    let answer = "";
    const calls: Call[] = [];
    for await (const { content, tool_calls } of deltas) {
      if (content) {
        answer += content;
        yield { content };
      }
      for (const part of tool_calls ?? []) add(calls, part);
    }
    if (calls.length === 0) return answer;
    if (turns === maxTurns) throw new Error(`no answer after ${maxTurns} turns`);
    messages.push({ role: "assistant", content: answer, tool_calls: calls });
    yield* results(calls, messages, tools, signal);
    deltas = await turn();
  }
}

/**
 * Merges a delta into the calls. The first delta of a call has its id and name; each has a fragment
 * of its arguments.
 */
function add(calls: Call[], { index, id, function: part }: NonNullable<Delta["tool_calls"]>[number]) {
  const call = (calls[index] ??= { id: id ?? "", type: "function", function: { name: "", arguments: "" } });
  call.function.name ||= part?.name ?? "";
  call.function.arguments += part?.arguments ?? "";
}

/**
 * Runs all calls concurrently, and appends the results to the conversation in the order of the
 * calls.
 */
async function* results(
  calls: Call[],
  messages: Message[],
  tools: Tool[],
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const asked = calls.map(parse);
  for (const tool_call of asked) yield { tool_call };
  const returned = new Map<string, unknown>();
  yield* merge(asked.map((call) => run(call, tools, signal, returned)));
  for (const { id } of asked) messages.push({ role: "tool", tool_call_id: id, content: JSON.stringify(returned.get(id)) });
}

function parse({ id, function: { name, arguments: text } }: Call): ToolCall {
  try {
    return { id, name, arguments: JSON.parse(text) };
  } catch {
    return { id, name, arguments: text };
  }
}

async function* run(
  { id, name, arguments: args }: ToolCall,
  tools: Tool[],
  signal: AbortSignal,
  returned: Map<string, unknown>,
): AsyncGenerator<Event> {
  const tool = tools.find((tool) => tool.name === name);
  const error = tool ? mistake(tool, args) : `there is no tool ${name}`;
  const result = error || !tool ? { error } : yield* tool.run(args, signal);
  returned.set(id, result);
  yield { tool_result: { id, name, result } };
}
