/** An error response, possible before the first event. */
export class HttpError extends Error {
  status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Returns a string field of a request body. The body is `undefined` if it is not JSON. */
export function text(body: unknown, field: string): string {
  if (body === undefined) throw new HttpError(400, "the body is not JSON");
  const value = (body as Record<string, unknown> | null)?.[field];
  if (typeof value !== "string" || value === "") throw new HttpError(400, `"${field}" is missing`);
  return value;
}

/** Returns a string field without NUL, which not every database stores. */
export function storableText(body: unknown, field: string): string {
  const value = text(body, field);
  if (value.includes("\0")) throw new HttpError(400, `"${field}" holds a NUL`);
  return value;
}

/** Checks the id of a thread or a room. */
export function validId(id: string): string {
  if (!/^[\w-]{1,64}$/.test(id)) throw new HttpError(400, "ids have 1 to 64 letters, digits, - and _");
  return id;
}
