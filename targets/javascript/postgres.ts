// Threads and their messages, in PostgreSQL.
import type { Said, Thread, Threads } from "./threads.ts";

/** Ids are in the order of their bytes whatever the database's own order is. */
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

/** What Bun's own client and postgres.js have in common: a query is a tagged template, prepared once a connection. */
export interface Sql {
  (query: TemplateStringsArray, ...values: unknown[]): Promise<any[]>;
  unsafe(query: string): Promise<unknown>;
  begin(work: (sql: Sql) => Promise<void>): Promise<void>;
}

/** The threads in its database. */
export async function threadsOf(sql: Sql): Promise<Threads> {
  await sql.unsafe(schema);
  const create = (sql: Sql, id: string, title: string): Promise<Thread[]> =>
    sql`INSERT INTO threads (id, title) VALUES (${id}, ${title}) ON CONFLICT DO NOTHING RETURNING id, title`;
  const append = (sql: Sql, id: string, { role, content }: Said) =>
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
    append: (id, said) => append(sql, id, said),
    record: (id, title, said) =>
      sql.begin(async (sql) => {
        await create(sql, id, title);
        for (const each of said) await append(sql, id, each);
      }),
  };
}
