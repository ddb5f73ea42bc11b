//go:build sqlite || postgres

package main

import (
	"context"
	"fmt"
	"strings"
)

// The most messages of a thread that the model gets.
const historyLimit = 20

type historyRequest struct {
	Thread  string `json:"thread"`
	Message string `json:"message"`
}

// History answers POST /history: a chat with message history.
func history(model *model, threads threads) answer {
	return func(ctx context.Context, body []byte) (events, error) {
		var request historyRequest
		fields := map[string]*string{"thread": &request.Thread, "message": &request.Message}
		if err := read(body, &request, fields); err != nil {
			return nil, err
		}
		if !plainID.MatchString(request.Thread) {
			return nil, fmt.Errorf("%w: %w", errBadRequest, errID)
		}
		if err := storable(request.Message); err != nil {
			return nil, err
		}
		before, err := threads.latest(ctx, request.Thread, historyLimit)
		if err != nil {
			return nil, err
		}
		question := stored{"user", request.Message}
		var messages []message
		for _, stored := range append(before, question) {
			messages = append(messages, message{Role: stored.Role, Content: stored.Content})
		}
		deltas, err := model.ask(ctx, messages, nil)
		if err != nil {
			return nil, err
		}
		return func(emit emit) error {
			var answer strings.Builder
			err := deltas.each(func(delta delta) error {
				if delta.Content == "" {
					return nil
				}
				answer.WriteString(delta.Content)
				return emit(event{"content": delta.Content})
			})
			if err != nil {
				return err
			}
			return threads.record(ctx, thread{request.Thread, request.Message}, question, stored{"assistant", answer.String()})
		}, nil
	}
}
