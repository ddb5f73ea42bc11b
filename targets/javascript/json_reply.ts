// Non-streaming JSON responses.
import { HttpError } from "./http_error.ts";

export interface Reply {
  status: number;
  body?: object;
}

/** Answers a request without a streaming route. The body is `undefined` if it is not JSON. */
export type JsonHandler = (method: string, url: URL, body: unknown) => Reply | Promise<Reply>;

/** Answers 404. */
export const notFound: JsonHandler = () => {
  throw new HttpError(404, "there is no such route");
};
