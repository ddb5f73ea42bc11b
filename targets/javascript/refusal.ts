/** An answer other than 200, which has to come before the first event. */
export class Refusal extends Error {
  status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A field of a request's body, of which `undefined` stands for one that is not JSON. */
export function text(body: unknown, field: string): string {
  if (body === undefined) throw new Refusal(400, "the body is not JSON");
  const value = (body as Record<string, unknown> | null)?.[field];
  if (typeof value !== "string" || value === "") throw new Refusal(400, `"${field}" is missing`);
  return value;
}

/** A text that is to be kept; not every database keeps a NUL. */
export function keepable(body: unknown, field: string): string {
  const value = text(body, field);
  if (value.includes("\0")) throw new Refusal(400, `"${field}" holds a NUL`);
  return value;
}

/** The id of a thread or a room, checked. */
export function plainId(id: string): string {
  if (!/^[\w-]{1,64}$/.test(id)) throw new Refusal(400, "ids have 1 to 64 letters, digits, - and _");
  return id;
}
