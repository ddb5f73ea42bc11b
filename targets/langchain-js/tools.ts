// The tools that the model may call.
import { setTimeout as sleep } from "node:timers/promises";
import { AIMessage, createMiddleware, tool } from "langchain";
import { z } from "zod";

/** A tool that waits as long as a fast service would take. */
function service<Schema extends z.ZodObject>(
  name: string,
  description: string,
  schema: Schema,
  milliseconds: number,
  answer: (args: z.infer<Schema>) => object,
) {
  return tool(
    async (args: z.infer<Schema>, { signal }: { signal?: AbortSignal }) => {
      await sleep(milliseconds, undefined, { signal });
      return JSON.stringify(answer(args));
    },
    { name, description, schema },
  );
}

const city = z.object({ city: z.string() });

export const search = service("search", "Searches the web", z.object({ query: z.string() }), 8, ({ query }) => ({
  query,
  results: [1, 2, 3].map((n) => `${query} ${n}`),
}));

export const tools = [
  service("get_weather", "The weather in a city", city, 5, ({ city }) => ({ city, celsius: 21 })),
  service("get_time", "The time in a city", city, 3, ({ city }) => ({ city, time: "12:00" })),
  search,
  service("add", "Adds two numbers", z.object({ a: z.number(), b: z.number() }), 2, ({ a, b }) => ({ sum: a + b })),
];

/**
 * Passes calls whose arguments are not an object on to the model as errors. LangChain would drop
 * them.
 */
export const reportMistakes = createMiddleware({
  name: "reportMistakes",
  async wrapModelCall(request, handler) {
    const message = await handler(request);
    if (AIMessage.isInstance(message))
      for (const { id, name } of message.invalid_tool_calls ?? []) message.tool_calls?.push({ id, name: name!, args: {} });
    return message;
  },
});
