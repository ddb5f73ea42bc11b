//go:build database

package main

import (
	"context"
	"database/sql"
	"log"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/schema"
	_ "modernc.org/sqlite"
)

// The most messages of a thread that the model gets.
const historyLimit = 20

var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

const tables = `
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

// Threads are stored here: Eino leaves the history of conversations to its users.
type threads struct{ db *sql.DB }

// AddDatabaseRoutes adds the route that needs a database.
func addDatabaseRoutes(mux *http.ServeMux, chatAgent *adk.Runner) {
	path := os.Getenv("DATABASE")
	if path == "" {
		return
	}
	db, err := sql.Open("sqlite", "file:"+path+pragmas)
	if err == nil {
		_, err = db.Exec(tables)
	}
	if err != nil {
		log.Fatal(err)
	}
	mux.HandleFunc("POST /history", history(chatAgent, threads{db}))
}

func history(chatAgent *adk.Runner, threads threads) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Thread, Message string }
		if !read(w, r, &request) || !given(w, "message", request.Message) {
			return
		}
		if !plainID.MatchString(request.Thread) {
			fail(w, http.StatusBadRequest, "ids have 1 to 64 letters, digits, - and _")
			return
		}
		if strings.ContainsRune(request.Message, 0) {
			fail(w, http.StatusBadRequest, "a text that is to be kept holds a NUL")
			return
		}
		messages, err := threads.latest(r.Context(), request.Thread)
		if err != nil {
			fail(w, http.StatusInternalServerError, err.Error())
			return
		}
		to := newStream(w)
		ctx, end := context.WithCancelCause(r.Context())
		defer end(nil)
		events := chatAgent.Run(withSurroundings(ctx, to, end), append(messages, schema.UserMessage(request.Message)))
		err = to.forward(ctx, events)
		if err == nil {
			err = threads.record(ctx, request.Thread, request.Message, to.answer)
		}
		to.finish(err)
	}
}

// Latest returns the last messages, oldest first.
func (t threads) latest(ctx context.Context, thread string) ([]adk.Message, error) {
	rows, err := t.db.QueryContext(ctx,
		"SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?", thread, historyLimit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var messages []adk.Message
	for rows.Next() {
		message := &schema.Message{}
		if err := rows.Scan(&message.Role, &message.Content); err != nil {
			return nil, err
		}
		messages = append(messages, message)
	}
	slices.Reverse(messages)
	return messages, rows.Err()
}

// Record appends to a thread in one transaction, and creates the thread if it is new.
func (t threads) record(ctx context.Context, thread, question, answer string) error {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?)", thread, question)
	if err == nil {
		_, err = tx.ExecContext(ctx, "INSERT INTO messages (thread, role, content) VALUES (?1, 'user', ?2), (?1, 'assistant', ?3)",
			thread, question, answer)
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}
