package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/cloudwego/eino/schema"
)

// The client's event stream. Its head is sent with the first event; until then the server can send
// an error status.
type client struct {
	sync.Mutex
	w     http.ResponseWriter
	begun bool
	// Whether the answer has ended. A sub-agent that is being cancelled may still try to send.
	ended bool
}

// The events of one agent.
type stream struct {
	to *client
	// The sub-agent's task, or empty.
	agent string
	turns int
	// The text of the last turn.
	answer string
	// Calls without a result event.
	waiting []schema.ToolCall
}

func newStream(w http.ResponseWriter) *stream {
	return &stream{to: &client{w: w}}
}

// Of returns the stream of a sub-agent on the same connection.
func (s *stream) of(agent string) *stream {
	return &stream{to: s.to, agent: agent}
}

func (s *stream) send(kind string, value any) error {
	event := map[string]any{kind: value}
	if s.agent != "" {
		event["agent"] = s.agent
	}
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	return s.to.write(data)
}

// Finish ends the answer, or sends its error.
func (s *stream) finish(err error) {
	if err == nil {
		s.to.write([]byte("[DONE]"))
	} else if s.to.isBegun() {
		s.send("error", err.Error())
	}
	s.to.Lock()
	defer s.to.Unlock()
	s.to.ended = true
	if !s.to.begun {
		fail(s.to.w, http.StatusBadGateway, "the model failed: "+err.Error())
	}
}

func (c *client) isBegun() bool {
	c.Lock()
	defer c.Unlock()
	return c.begun
}

func (c *client) write(data []byte) error {
	c.Lock()
	defer c.Unlock()
	if c.ended {
		return errors.New("the answer has ended")
	}
	if !c.begun {
		c.w.Header().Set("Content-Type", "text/event-stream")
		c.w.Header().Set("Cache-Control", "no-cache")
		c.begun = true
	}
	if _, err := fmt.Fprintf(c.w, "data: %s\n\n", data); err != nil {
		return err
	}
	return http.NewResponseController(c.w).Flush()
}

// Read parses a request's body into to. If that fails, it sends the error response.
func read(w http.ResponseWriter, r *http.Request, to any) bool {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, to)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "the body is not the JSON expected: "+err.Error())
	}
	return err == nil
}

// Given returns whether a field has a value. If not, it sends the error response.
func given(w http.ResponseWriter, field, value string) bool {
	if value == "" {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%q is missing", field))
	}
	return value != ""
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": message})
}
