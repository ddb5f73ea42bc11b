// Threads in PostgreSQL, with pg.
import pg from "pg";
import { schema } from "../javascript/postgres.ts";
import type { StoredMessage, Threads } from "../javascript/threads.ts";

/** Named queries, so that each is prepared once per connection. */
const statements = {
  create: "INSERT INTO threads (id, title) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id, title",
  read: "SELECT id, title FROM threads WHERE id = $1",
  list: "SELECT id, title FROM threads WHERE id > $1 ORDER BY id LIMIT $2",
  rename: "UPDATE threads SET title = $2 WHERE id = $1 RETURNING id, title",
  remove: "DELETE FROM threads WHERE id = $1 RETURNING id",
  messages: "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id",
  latest: "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id DESC LIMIT $2",
  append: "INSERT INTO messages (thread, role, content) VALUES ($1, $2, $3)",
};

async function run(on: pg.Pool | pg.PoolClient, name: keyof typeof statements, ...values: unknown[]): Promise<any[]> {
  return (await on.query({ name, text: statements[name], values })).rows;
}

const append = (on: pg.Pool | pg.PoolClient, id: string, { role, content }: StoredMessage) =>
  run(on, "append", id, role, content);

/** Returns the threads in the database at this URL. */
export async function threadsAt(url: string): Promise<Threads> {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  await pool.query(schema);
  return {
    create: async (id, title) => (await run(pool, "create", id, title))[0],
    read: async (id) => (await run(pool, "read", id))[0],
    list: (after, limit) => run(pool, "list", after, limit),
    rename: async (id, title) => (await run(pool, "rename", id, title))[0],
    remove: async (id) => (await run(pool, "remove", id)).length > 0,
    messages: (id) => run(pool, "messages", id),
    latest: async (id, limit) => (await run(pool, "latest", id, limit)).reverse(),
    append: (id, stored) => append(pool, id, stored),
    record: (id, title, stored) => record(pool, id, title, stored),
  };
}

async function record(pool: pg.Pool, id: string, title: string, stored: StoredMessage[]) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await run(client, "create", id, title);
    for (const each of stored) await append(client, id, each);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
