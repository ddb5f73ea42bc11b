//go:build sqlite

package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	_ "modernc.org/sqlite"
)

const schema = `
	CREATE TABLE IF NOT EXISTS threads (id TEXT PRIMARY KEY, title TEXT NOT NULL);
	CREATE TABLE IF NOT EXISTS messages (
		id INTEGER PRIMARY KEY,
		thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
		role TEXT NOT NULL,
		content TEXT NOT NULL
	);
	CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);`

// Settings that each connection of the pool needs.
const pragmas = "?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)" +
	"&_pragma=busy_timeout(5000)&_txlock=immediate"

// The threads in an SQLite file.
type file struct {
	db *sql.DB
}

func openThreads(path string) (threads, error) {
	db, err := sql.Open("sqlite", "file:"+path+pragmas)
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(schema)
	return &file{db}, err
}

func (f *file) create(ctx context.Context, thread thread) error {
	result, err := f.db.ExecContext(ctx, "INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?)", thread.ID, thread.Title)
	return orWhen(result, err, errThreadExists)
}

func (f *file) read(ctx context.Context, id string) (thread, error) {
	found := thread{ID: id}
	err := f.db.QueryRowContext(ctx, "SELECT title FROM threads WHERE id = ?", id).Scan(&found.Title)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoThread
	}
	return found, err
}

func (f *file) list(ctx context.Context, after string, limit int) ([]thread, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT id, title FROM threads WHERE id > ? ORDER BY id LIMIT ?", after, limit)
	return collect(rows, err, func(thread *thread) []any { return []any{&thread.ID, &thread.Title} })
}

func (f *file) rename(ctx context.Context, thread thread) error {
	result, err := f.db.ExecContext(ctx, "UPDATE threads SET title = ? WHERE id = ?", thread.Title, thread.ID)
	return orWhen(result, err, errNoThread)
}

func (f *file) remove(ctx context.Context, id string) error {
	result, err := f.db.ExecContext(ctx, "DELETE FROM threads WHERE id = ?", id)
	return orWhen(result, err, errNoThread)
}

func (f *file) messages(ctx context.Context, id string) ([]stored, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT role, content FROM messages WHERE thread = ? ORDER BY id", id)
	return collect(rows, err, fields)
}

func (f *file) latest(ctx context.Context, id string, limit int) ([]stored, error) {
	rows, err := f.db.QueryContext(ctx,
		"SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?", id, limit)
	messages, err := collect(rows, err, fields)
	slices.Reverse(messages)
	return messages, err
}

func (f *file) append(ctx context.Context, id string, stored stored) error {
	return insert(ctx, f.db, id, stored)
}

func (f *file) record(ctx context.Context, thread thread, stored ...stored) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?)", thread.ID, thread.Title)
	for _, stored := range stored {
		if err == nil {
			err = insert(ctx, tx, thread.ID, stored)
		}
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// An executor is a database or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, arguments ...any) (sql.Result, error)
}

func insert(ctx context.Context, db executor, id string, stored stored) error {
	_, err := db.ExecContext(ctx, "INSERT INTO messages (thread, role, content) VALUES (?, ?, ?)", id, stored.Role, stored.Content)
	return err
}

// OrWhen returns err, or untouched if the statement changed no row.
func orWhen(result sql.Result, err, untouched error) error {
	if err != nil {
		return err
	}
	if rows, err := result.RowsAffected(); err != nil || rows > 0 {
		return err
	}
	return untouched
}

func fields(stored *stored) []any {
	return []any{&stored.Role, &stored.Content}
}

// Collect reads all rows into a list. The list is never nil, which JSON would encode as null.
func collect[T any](rows *sql.Rows, err error, fields func(*T) []any) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
