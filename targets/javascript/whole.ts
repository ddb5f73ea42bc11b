// Answers in one piece.
import { Refusal } from "./refusal.ts";

export interface Reply {
  status: number;
  body?: object;
}

/** Answers what no other route does; `undefined` stands for a body that is not JSON. */
export type Whole = (method: string, url: URL, body: unknown) => Reply | Promise<Reply>;

/** Where nothing is. */
export const nothing: Whole = () => {
  throw new Refusal(404, "there is no such route");
};
