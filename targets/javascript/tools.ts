// The tools that the model may call.
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "./events.ts";

export interface Tool {
  name: string;
  description: string;
  /** Types of its parameters, all of which are needed. */
  parameters: Record<string, "string" | "number">;
  /** Runs it; its events go to the client, what it returns to the model. */
  run(args: any, signal: AbortSignal): AsyncGenerator<Event, object>;
}

/** A tool in the API's format. */
export function definition({ name, description, parameters }: Tool) {
  const properties = Object.fromEntries(Object.entries(parameters).map(([name, type]) => [name, { type }]));
  const schema = { type: "object", properties, required: Object.keys(parameters) };
  return { type: "function", function: { name, description, parameters: schema } };
}

/** What is wrong with the arguments of a call, if anything. */
export function mistake(tool: Tool, args: unknown): string | undefined {
  const given = Object(args);
  for (const [name, type] of Object.entries(tool.parameters)) {
    if (typeof given[name] !== type) return `${tool.name} needs ${name}, a ${type}`;
  }
}

/** A tool that waits as long as a fast service would take. */
function service(
  name: string,
  description: string,
  parameters: Tool["parameters"],
  milliseconds: number,
  answer: (args: any) => object,
): Tool {
  async function* run(args: any, signal: AbortSignal): AsyncGenerator<Event, object> {
    await sleep(milliseconds, undefined, { signal });
    return answer(args);
  }
  return { name, description, parameters, run };
}

export const search = service("search", "Searches the web", { query: "string" }, 8, ({ query }) => ({
  query,
  results: [1, 2, 3].map((n) => `${query} ${n}`),
}));

export const tools = [
  service("get_weather", "The weather in a city", { city: "string" }, 5, ({ city }) => ({ city, celsius: 21 })),
  service("get_time", "The time in a city", { city: "string" }, 3, ({ city }) => ({ city, time: "12:00" })),
  search,
  service("add", "Adds two numbers", { a: "number", b: "number" }, 2, ({ a, b }) => ({ sum: a + b })),
];
