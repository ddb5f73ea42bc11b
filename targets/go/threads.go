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

type said struct {
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
	messages(ctx context.Context, id string) ([]said, error)
	// Latest gives the last messages, oldest first.
	latest(ctx context.Context, id string, limit int) ([]said, error)
	append(ctx context.Context, id string, said said) error
	// Record appends to a thread, which is created if it is new, all or nothing.
	record(ctx context.Context, thread thread, said ...said) error
}

// Keepable says why a text cannot be kept: not every database keeps a NUL.
func keepable(text string) error {
	if strings.ContainsRune(text, 0) {
		return fmt.Errorf("%w: a text that is to be kept holds a NUL", errBadRequest)
	}
	return nil
}
