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

// The client's stream of events. It begins with the first one: until then, the request can still be refused.
type client struct {
	sync.Mutex
	w     http.ResponseWriter
	begun bool
	// Whether the answer has ended; a sub-agent that is being cancelled may not know it yet.
	ended bool
}

// What one agent tells the client.
type stream struct {
	to *client
	// The sub-agent's task, or nothing.
	agent string
	turns int
	// The text of the last turn.
	answer string
	// Calls whose result has not been told.
	waiting []schema.ToolCall
}

func newStream(w http.ResponseWriter) *stream {
	return &stream{to: &client{w: w}}
}

// Of is the stream of a sub-agent, on the same connection.
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

// Finish ends the answer, or says why there is none.
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

// Read reads a request's body into the fields of to; if that fails, the answer is written.
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

// Given says whether a field has a value; if not, the answer is written.
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
