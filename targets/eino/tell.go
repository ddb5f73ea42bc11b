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

// Tell passes on what a run of an agent does, until it ends.
func (s *stream) tell(ctx context.Context, events *adk.AsyncIterator[*adk.AgentEvent]) error {
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
			// If a sub-agent has failed, this is what follows from it.
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

// Calls tells which tools the model has asked for, now that all of its message is there.
func (s *stream) calls(chunks []*schema.Message) error {
	if len(chunks) == 0 {
		return errors.New("the model said nothing")
	}
	whole, err := schema.ConcatMessages(chunks)
	if err != nil {
		return err
	}
	// A stream that breaks off without an error would pass for an answer that ends.
	if whole.ResponseMeta == nil || whole.ResponseMeta.FinishReason == "" {
		return errors.New("the model broke off")
	}
	if s.turns++; len(whole.ToolCalls) > 0 && s.turns == maxTurns {
		return fmt.Errorf("no answer after %d turns", maxTurns)
	}
	s.waiting = whole.ToolCalls
	for _, call := range whole.ToolCalls {
		told := map[string]any{"id": call.ID, "name": call.Function.Name, "arguments": parsed(call.Function.Arguments)}
		if err := s.send("tool_call", told); err != nil {
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

// Unknown tells of calls of tools that are not there: Eino answers the model, but makes no event of it.
func (s *stream) unknown() error {
	for _, call := range s.waiting {
		result := map[string]string{"error": noTool(call.Function.Name).Error()}
		told := map[string]any{"id": call.ID, "name": call.Function.Name, "result": result}
		if err := s.send("tool_result", told); err != nil {
			return err
		}
	}
	s.waiting = nil
	return nil
}

// Parsed is text as the JSON that it is, or else as text.
func parsed(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}
