// Threads and their messages, in PostgreSQL.
import type { StoredMessage, Thread, Threads } from "./threads.ts";

/** Orders ids by their bytes, independent of the database's collation. */
export const schema = `
  CREATE TABLE IF NOT EXISTS threads (id TEXT COLLATE "C" PRIMARY KEY, title TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS messages (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);
`;

/**
 * The common interface of Bun's client and postgres.js: a query is a tagged template, prepared once
 * per connection.
 */
export interface Sql {
  (query: TemplateStringsArray, ...values: unknown[]): Promise<any[]>;
  unsafe(query: string): Promise<unknown>;
  begin(work: (sql: Sql) => Promise<void>): Promise<void>;
}

/** Returns the threads in the database of this client. */
export async function threadsOf(sql: Sql): Promise<Threads> {
  await sql.unsafe(schema);
  const create = (sql: Sql, id: string, title: string): Promise<Thread[]> =>
    sql`INSERT INTO threads (id, title) VALUES (${id}, ${title}) ON CONFLICT DO NOTHING RETURNING id, title`;
  const append = (sql: Sql, id: string, { role, content }: StoredMessage) =>
    sql`INSERT INTO messages (thread, role, content) VALUES (${id}, ${role}, ${content})`;
  return {
    create: async (id, title) => (await create(sql, id, title))[0],
    read: async (id) => (await sql`SELECT id, title FROM threads WHERE id = ${id}`)[0],
    list: (after, limit) => sql`SELECT id, title FROM threads WHERE id > ${after} ORDER BY id LIMIT ${limit}`,
    rename: async (id, title) =>
      (await sql`UPDATE threads SET title = ${title} WHERE id = ${id} RETURNING id, title`)[0],
    remove: async (id) => (await sql`DELETE FROM threads WHERE id = ${id} RETURNING id`).length > 0,
    messages: (id) => sql`SELECT role, content FROM messages WHERE thread = ${id} ORDER BY id`,
    latest: async (id, limit) => {
      const last = await sql`SELECT role, content FROM messages WHERE thread = ${id} ORDER BY id DESC LIMIT ${limit}`;
      return last.reverse();
    },
    append: (id, stored) => append(sql, id, stored),
    record: (id, title, stored) =>
      sql.begin(async (sql) => {
        await create(sql, id, title);
        for (const each of stored) await append(sql, id, each);
      }),
  };
}
