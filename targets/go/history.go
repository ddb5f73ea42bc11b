//go:build sqlite || postgres

package main

import (
	"context"
	"fmt"
	"strings"
)

// Messages of the thread that the model is told.
const remembered = 20

type historyRequest struct {
	Thread  string `json:"thread"`
	Message string `json:"message"`
}

// History is a chat that remembers.
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
		if err := keepable(request.Message); err != nil {
			return nil, err
		}
		before, err := threads.latest(ctx, request.Thread, remembered)
		if err != nil {
			return nil, err
		}
		question := said{"user", request.Message}
		var messages []message
		for _, said := range append(before, question) {
			messages = append(messages, message{Role: said.Role, Content: said.Content})
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
			return threads.record(ctx, thread{request.Thread, request.Message}, question, said{"assistant", answer.String()})
		}, nil
	}
}
