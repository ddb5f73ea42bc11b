// The tools that the model may call.
import { setTimeout as sleep } from "node:timers/promises";
import { tool, type ToolSet } from "ai";
import { z } from "zod";

/** Waits as long as a fast service would take. */
const wait = (milliseconds: number, signal?: AbortSignal) => sleep(milliseconds, undefined, { signal });

const city = z.object({ city: z.string() });

export const search = tool({
  description: "Searches the web",
  inputSchema: z.object({ query: z.string() }),
  async execute({ query }, { abortSignal }) {
    await wait(8, abortSignal);
    return { query, results: [1, 2, 3].map((n) => `${query} ${n}`) };
  },
});

export const tools: ToolSet = {
  get_weather: tool({
    description: "The weather in a city",
    inputSchema: city,
    async execute({ city }, { abortSignal }) {
      await wait(5, abortSignal);
      return { city, celsius: 21 };
    },
  }),
  get_time: tool({
    description: "The time in a city",
    inputSchema: city,
    async execute({ city }, { abortSignal }) {
      await wait(3, abortSignal);
      return { city, time: "12:00" };
    },
  }),
  search,
  add: tool({
    description: "Adds two numbers",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    async execute({ a, b }, { abortSignal }) {
      await wait(2, abortSignal);
      return { sum: a + b };
    },
  }),
};
