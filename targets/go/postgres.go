//go:build postgres

package main

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Orders ids by their bytes, independent of the database's collation.
const schema = `
	CREATE TABLE IF NOT EXISTS threads (id TEXT COLLATE "C" PRIMARY KEY, title TEXT NOT NULL);
	CREATE TABLE IF NOT EXISTS messages (
		id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
		role TEXT NOT NULL,
		content TEXT NOT NULL
	);
	CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);`

const (
	createThread  = "INSERT INTO threads (id, title) VALUES ($1, $2) ON CONFLICT DO NOTHING"
	insertMessage = "INSERT INTO messages (thread, role, content) VALUES ($1, $2, $3)"
)

// The threads on a PostgreSQL server.
type server struct {
	pool *pgxpool.Pool
}

func openThreads(url string) (threads, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 10
	ctx := context.Background()
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, schema)
	return &server{pool}, err
}

func (s *server) create(ctx context.Context, thread thread) error {
	result, err := s.pool.Exec(ctx, createThread, thread.ID, thread.Title)
	return orWhen(result, err, errThreadExists)
}

func (s *server) read(ctx context.Context, id string) (thread, error) {
	found := thread{ID: id}
	err := s.pool.QueryRow(ctx, "SELECT title FROM threads WHERE id = $1", id).Scan(&found.Title)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNoThread
	}
	return found, err
}

func (s *server) list(ctx context.Context, after string, limit int) ([]thread, error) {
	return collect[thread](s.pool.Query(ctx,
		"SELECT id, title FROM threads WHERE id > $1 ORDER BY id LIMIT $2", after, limit))
}

func (s *server) rename(ctx context.Context, thread thread) error {
	result, err := s.pool.Exec(ctx, "UPDATE threads SET title = $1 WHERE id = $2", thread.Title, thread.ID)
	return orWhen(result, err, errNoThread)
}

func (s *server) remove(ctx context.Context, id string) error {
	result, err := s.pool.Exec(ctx, "DELETE FROM threads WHERE id = $1", id)
	return orWhen(result, err, errNoThread)
}

func (s *server) messages(ctx context.Context, id string) ([]stored, error) {
	return collect[stored](s.pool.Query(ctx, "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id", id))
}

func (s *server) latest(ctx context.Context, id string, limit int) ([]stored, error) {
	messages, err := collect[stored](s.pool.Query(ctx,
		"SELECT role, content FROM messages WHERE thread = $1 ORDER BY id DESC LIMIT $2", id, limit))
	slices.Reverse(messages)
	return messages, err
}

func (s *server) append(ctx context.Context, id string, stored stored) error {
	_, err := s.pool.Exec(ctx, insertMessage, id, stored.Role, stored.Content)
	return err
}

func (s *server) record(ctx context.Context, thread thread, stored ...stored) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, createThread, thread.ID, thread.Title)
		for _, stored := range stored {
			if err == nil {
				_, err = tx.Exec(ctx, insertMessage, thread.ID, stored.Role, stored.Content)
			}
		}
		return err
	})
}

// OrWhen returns err, or untouched if the statement changed no row.
func orWhen(result pgconn.CommandTag, err, untouched error) error {
	if err == nil && result.RowsAffected() == 0 {
		return untouched
	}
	return err
}

// Collect reads all rows into a list. The list is never nil, which JSON would encode as null.
func collect[T any](rows pgx.Rows, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}
