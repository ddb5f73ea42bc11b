package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/schema"
)

// A stream of events to the client, which begins with the first one: until then, it can still be refused.
type stream struct {
	w     http.ResponseWriter
	begun bool
}

// Answer sends what a run of an agent tells. The run ends with the request's context.
func answer(w http.ResponseWriter, events *adk.AsyncIterator[*adk.AgentEvent]) {
	to := &stream{w: w}
	for {
		event, ok := events.Next()
		if !ok {
			break
		}
		err := event.Err
		if err == nil && event.Output != nil && event.Output.MessageOutput != nil {
			err = tell(to, event.Output.MessageOutput)
		}
		if err != nil {
			to.fail(err)
			return
		}
	}
	to.begin()
	io.WriteString(w, "data: [DONE]\n\n")
}

func (s *stream) begin() {
	if !s.begun {
		s.w.Header().Set("Content-Type", "text/event-stream")
		s.w.Header().Set("Cache-Control", "no-cache")
		s.begun = true
	}
}

func (s *stream) send(event any) error {
	s.begin()
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, "data: %s\n\n", data); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}

func (s *stream) fail(err error) {
	if s.begun {
		s.send(map[string]string{"error": err.Error()})
		return
	}
	fail(s.w, http.StatusBadGateway, "the model failed: "+err.Error())
}

// Each sends the tokens of a message while it comes.
func (s *stream) each(chunks *schema.StreamReader[*schema.Message]) error {
	finish := ""
	for {
		chunk, err := chunks.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if chunk.ResponseMeta != nil && chunk.ResponseMeta.FinishReason != "" {
			finish = chunk.ResponseMeta.FinishReason
		}
		if chunk.Content != "" {
			if err := s.send(map[string]string{"content": chunk.Content}); err != nil {
				return err
			}
		}
	}
	// A stream that breaks off without an error would pass for an answer that ends.
	if finish == "" {
		return errors.New("the model broke off")
	}
	return nil
}
