// The part of better-sqlite3 that LangGraph uses, on the runtime's SQLite: the native module does
// not load on Bun.

const Own = process.versions.bun
  ? (await import("bun:sqlite")).Database
  : (await import("node:sqlite")).DatabaseSync;

/** Replaces `undefined` by NULL. */
const known = (values: unknown[]) => values.map((value) => value ?? null) as any[];

export default class Database {
  #database: InstanceType<typeof Own>;

  constructor(path: string) {
    this.#database = new Own(path);
  }

  exec(sql: string) {
    this.#database.exec(sql);
  }

  pragma(text: string) {
    this.exec(`PRAGMA ${text}`);
  }

  prepare(sql: string) {
    const statement = this.#database.prepare(sql);
    return {
      get: (...values: unknown[]) => statement.get(...known(values)) ?? undefined,
      all: (...values: unknown[]) => statement.all(...known(values)),
      run: (...values: unknown[]) => statement.run(...known(values)),
    };
  }

  transaction<Given extends unknown[]>(work: (...given: Given) => void) {
    return (...given: Given) => {
      this.exec("BEGIN");
      try {
        work(...given);
        this.exec("COMMIT");
      } catch (error) {
        this.exec("ROLLBACK");
        throw error;
      }
    };
  }
}
