package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/schema"
)

// Forward sends the events of an agent's run, until the run ends.
func (s *stream) forward(ctx context.Context, events *adk.AsyncIterator[*adk.AgentEvent]) error {
	for {
		event, ok := events.Next()
		if !ok {
			return nil
		}
		err := event.Err
		if err == nil && event.Output != nil && event.Output.MessageOutput != nil {
			err = s.message(event.Output.MessageOutput)
		}
		if err != nil {
			// If a sub-agent has failed, this error is a consequence of that failure.
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
	}
}

func (s *stream) message(output *adk.MessageVariant) error {
	if output.Role == schema.Tool {
		return s.result(output)
	}
	if err := s.unknown(); err != nil {
		return err
	}
	s.answer = ""
	var chunks []*schema.Message
	defer output.MessageStream.Close()
	for {
		chunk, err := output.MessageStream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		chunks = append(chunks, chunk)
		if chunk.Content == "" {
			continue
		}
		s.answer += chunk.Content
		if err := s.send("content", chunk.Content); err != nil {
			return err
		}
	}
	return s.calls(chunks)
}

// Calls sends the tool calls of the complete message.
func (s *stream) calls(chunks []*schema.Message) error {
	if len(chunks) == 0 {
		return errors.New("the model said nothing")
	}
	whole, err := schema.ConcatMessages(chunks)
	if err != nil {
		return err
	}
	// A stream that ends early without an error would look like a complete answer.
	if whole.ResponseMeta == nil || whole.ResponseMeta.FinishReason == "" {
		return errors.New("the model broke off")
	}
	if s.turns++; len(whole.ToolCalls) > 0 && s.turns == maxTurns {
		return fmt.Errorf("no answer after %d turns", maxTurns)
	}
	s.waiting = whole.ToolCalls
	for _, call := range whole.ToolCalls {
		event := map[string]any{"id": call.ID, "name": call.Function.Name, "arguments": parsed(call.Function.Arguments)}
		if err := s.send("tool_call", event); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) result(output *adk.MessageVariant) error {
	message, err := output.GetMessage()
	if err != nil {
		return err
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(call schema.ToolCall) bool { return call.ID == message.ToolCallID })
	return s.send("tool_result", map[string]any{
		"id": message.ToolCallID, "name": output.ToolName, "result": parsed(message.Content),
	})
}

// Unknown sends results for calls of unknown tools: Eino answers the model, but emits no event.
func (s *stream) unknown() error {
	for _, call := range s.waiting {
		result := map[string]string{"error": noTool(call.Function.Name).Error()}
		event := map[string]any{"id": call.ID, "name": call.Function.Name, "result": result}
		if err := s.send("tool_result", event); err != nil {
			return err
		}
	}
	s.waiting = nil
	return nil
}

// Parsed returns text as JSON if it is valid JSON, and otherwise as a string.
func parsed(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}
