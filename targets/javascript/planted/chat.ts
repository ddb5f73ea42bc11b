// The chat of the JavaScript servers with one known fault, which it counts itself. `FAULT` names
// the fault, `DOSE` its repetitions before each token. Without them there is no fault.
import { contents } from "../chat.ts";
import { type Event, stream } from "../events.ts";
import { text } from "../http_error.ts";
import { ask, type Delta } from "../model.ts";
import type { Answer } from "../routes.ts";
import { plant } from "./faults.ts";
import { count, keep, onCpu } from "./truth.ts";

/** Returns the routes of the server; `threadTime` is its thread's CPU clock, in ns. */
export function faultyRoutes(threadTime: () => number): Record<string, Answer> {
  const name = process.env.FAULT ?? "";
  const dose = Number(process.env.DOSE ?? 0);
  const fault = plant(name);
  keep(name, dose);

  function token() {
    for (let done = 0; done < dose; done++) fault();
    count(dose);
  }

  async function* faulty(deltas: AsyncIterable<Delta>): AsyncGenerator<Event> {
    for await (const event of contents(deltas)) {
      onCpu(threadTime, token);
      yield event;
    }
  }

  async function chat(body: unknown, signal: AbortSignal) {
    const message = text(body, "message");
    return stream(faulty(await ask([{ role: "user", content: message }], signal)));
  }

  return { "/chat": chat };
}
