//go:build sqlite || postgres

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var (
	errNoThread     = errors.New("there is no such thread")
	errThreadExists = errors.New("there is such a thread")
)

type thread struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type stored struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Threads and their messages, in a database.
type threads interface {
	create(ctx context.Context, thread thread) error
	read(ctx context.Context, id string) (thread, error)
	list(ctx context.Context, after string, limit int) ([]thread, error)
	rename(ctx context.Context, thread thread) error
	remove(ctx context.Context, id string) error
	messages(ctx context.Context, id string) ([]stored, error)
	// Latest returns the last messages, oldest first.
	latest(ctx context.Context, id string, limit int) ([]stored, error)
	append(ctx context.Context, id string, stored stored) error
	// Record appends to a thread in one transaction, and creates the thread if it is new.
	record(ctx context.Context, thread thread, stored ...stored) error
}

// Storable returns an error for a string with NUL, which not every database stores.
func storable(text string) error {
	if strings.ContainsRune(text, 0) {
		return fmt.Errorf("%w: a text that is to be kept holds a NUL", errBadRequest)
	}
	return nil
}
