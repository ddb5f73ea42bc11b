// Threads and their messages; in SQLite.

/** What Bun's and Node's own SQLite have in common. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
}

interface Statement {
  all(...values: unknown[]): any[];
  get(...values: unknown[]): any;
  run(...values: unknown[]): unknown;
}

export interface Thread {
  id: string;
  title: string;
}

export interface StoredMessage {
  role: "user" | "assistant";
  content: string;
}

/** What a database does with threads: at once if it is a file, later if it is a server. */
export interface Threads {
  /** Creates a thread; `undefined` if the id is taken. */
  create(id: string, title: string): MaybePromise<Thread | undefined>;
  read(id: string): MaybePromise<Thread | undefined>;
  list(after: string, limit: number): MaybePromise<Thread[]>;
  rename(id: string, title: string): MaybePromise<Thread | undefined>;
  remove(id: string): MaybePromise<boolean>;
  messages(id: string): MaybePromise<StoredMessage[]>;
  /** The last messages, oldest first. */
  latest(id: string, limit: number): MaybePromise<StoredMessage[]>;
  append(id: string, stored: StoredMessage): MaybePromise<unknown>;
  /** Appends to a thread in one transaction, and creates the thread if it is new. */
  record(id: string, title: string, stored: StoredMessage[]): MaybePromise<void>;
}

type MaybePromise<T> = T | Promise<T>;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS threads (id TEXT PRIMARY KEY, title TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);
`;

/** The threads in a file. Statements are prepared once. */
export function threadsIn(database: Database) {
  database.exec(schema);
  const create = database.prepare("INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?) RETURNING id, title");
  const read = database.prepare("SELECT id, title FROM threads WHERE id = ?");
  const list = database.prepare("SELECT id, title FROM threads WHERE id > ? ORDER BY id LIMIT ?");
  const rename = database.prepare("UPDATE threads SET title = ? WHERE id = ? RETURNING id, title");
  const remove = database.prepare("DELETE FROM threads WHERE id = ? RETURNING id");
  const messages = database.prepare("SELECT role, content FROM messages WHERE thread = ? ORDER BY id");
  const latest = database.prepare("SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?");
  const append = database.prepare("INSERT INTO messages (thread, role, content) VALUES (?, ?, ?)");
  return {
    create: (id: string, title: string): Thread | undefined => create.get(id, title) ?? undefined,
    read: (id: string): Thread | undefined => read.get(id) ?? undefined,
    list: (after: string, limit: number): Thread[] => list.all(after, limit),
    rename: (id: string, title: string): Thread | undefined => rename.get(title, id) ?? undefined,
    remove: (id: string): boolean => remove.all(id).length > 0,
    messages: (id: string): StoredMessage[] => messages.all(id),
    latest: (id: string, limit: number): StoredMessage[] => latest.all(id, limit).reverse(),
    append: (id: string, { role, content }: StoredMessage) => append.run(id, role, content),
    record(id: string, title: string, stored: StoredMessage[]) {
      database.exec("BEGIN IMMEDIATE");
      try {
        create.get(id, title);
        for (const { role, content } of stored) append.run(id, role, content);
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}
