package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
)

const maxTurns = 20

// A conversation of the model with its tools, turn by turn, until the model answers.
type conversation struct {
	model    *model
	tools    []tool
	messages []message
}

// Agent answers POST /agent, with all tools.
func agent(model *model) answer {
	return func(ctx context.Context, body []byte) (events, error) {
		var request chatRequest
		if err := read(body, &request, map[string]*string{"message": &request.Message}); err != nil {
			return nil, err
		}
		c := &conversation{model, allTools, []message{user(request.Message)}}
		first, err := c.ask(ctx)
		if err != nil {
			return nil, err
		}
		return func(emit emit) error {
			_, err := c.loop(ctx, first, emit)
			return err
		}, nil
	}
}

func (c *conversation) ask(ctx context.Context) (*deltas, error) {
	return c.model.ask(ctx, c.messages, definitions(c.tools))
}

// Loop runs until the model calls no tool, and returns the text of that turn.
func (c *conversation) loop(ctx context.Context, deltas *deltas, emit emit) (string, error) {
	for turn := 1; ; turn++ {
		text, calls, err := forward(deltas, emit)
		if err != nil || len(calls) == 0 {
			return text, err
		}
		if turn == maxTurns {
			return "", fmt.Errorf("no answer after %d turns", maxTurns)
		}
		c.messages = append(c.messages, message{Role: "assistant", Content: text, ToolCalls: calls})
		if err := c.run(ctx, calls, emit); err != nil {
			return "", err
		}
		if deltas, err = c.ask(ctx); err != nil {
			return "", err
		}
	}
}

// Forward sends the model's tokens, and returns the text and the tool calls.
func forward(deltas *deltas, emit emit) (string, []call, error) {
	var text strings.Builder
	var calls []call
	err := deltas.each(func(delta delta) error {
		for _, part := range delta.ToolCalls {
			// The first delta of a call has its id and name; each has a fragment of its arguments.
			if part.Index >= len(calls) {
				calls = append(calls, call{ID: part.ID, Type: "function", Function: function{Name: part.Function.Name}})
			}
			calls[len(calls)-1].Function.Arguments += part.Function.Arguments
		}
		if delta.Content == "" {
			return nil
		}
		text.WriteString(delta.Content)
		return emit(event{"content": delta.Content})
	})
	return text.String(), calls, err
}

// Run executes all calls concurrently, and appends the results to the conversation in the order of
// the calls.
func (c *conversation) run(ctx context.Context, calls []call, emit emit) error {
	for _, call := range calls {
		asked := event{"id": call.ID, "name": call.Function.Name, "arguments": call.arguments()}
		if err := emit(event{"tool_call": asked}); err != nil {
			return err
		}
	}
	results := make([]message, len(calls))
	happened := make(chan event)
	group, ctx := errgroup.WithContext(ctx)
	for i, call := range calls {
		group.Go(func() (err error) {
			results[i], err = c.call(ctx, call, sender(ctx, happened))
			return err
		})
	}
	failed := make(chan error, 1)
	go func() {
		failed <- group.Wait()
		close(happened)
	}()
	// Only this goroutine writes to the client. If a write fails, ctx has ended too, which ends the
	// group.
	for event := range happened {
		if err := emit(event); err != nil {
			return err
		}
	}
	c.messages = append(c.messages, results...)
	return <-failed
}

// Sender returns an emitter that sends to a channel.
func sender(ctx context.Context, to chan<- event) emit {
	return func(event event) error {
		select {
		case to <- event:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Arguments returns the call's arguments as JSON if they are valid, and otherwise as a string.
func (c call) arguments() any {
	if text := []byte(c.Function.Arguments); json.Valid(text) {
		return json.RawMessage(text)
	}
	return c.Function.Arguments
}

// Call runs one tool, and returns its message to the model.
func (c *conversation) call(ctx context.Context, call call, emit emit) (message, error) {
	var result any = event{"error": "there is no tool " + call.Function.Name}
	for _, tool := range c.tools {
		if tool.name != call.Function.Name {
			continue
		}
		returned, err := tool.run(ctx, []byte(call.Function.Arguments), emit)
		var wrong errArguments
		switch {
		case errors.As(err, &wrong):
			result = event{"error": wrong.Error()}
		case err != nil:
			return message{}, err
		default:
			result = returned
		}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return message{}, err
	}
	returned := event{"id": call.ID, "name": call.Function.Name, "result": result}
	return message{Role: "tool", Content: string(text), ToolCallID: call.ID}, emit(event{"tool_result": returned})
}
