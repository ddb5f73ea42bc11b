package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
)

// An event is one JSON object of the client's stream.
type event map[string]any

// Emit sends an event to the client. It fails after the client has disconnected.
type emit func(event) error

// An answer starts the work for a request body, and returns its events. The end of ctx cancels the
// work.
type answer func(ctx context.Context, body []byte) (events, error)

// Events run the work and emit its events.
type events func(emit) error

// ErrBadRequest marks invalid requests.
var errBadRequest = errors.New("bad request")

// Ids of threads and rooms.
var (
	plainID = regexp.MustCompile(`^[\w-]{1,64}$`)
	errID   = errors.New("ids have 1 to 64 letters, digits, - and _")
)

// Streaming serves an answer as server-sent events. When the client disconnects, the request's
// context ends.
func streaming(answer answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		events, err := answer(r.Context(), body)
		if errors.Is(err, errBadRequest) {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		if err != nil {
			fail(w, http.StatusBadGateway, err.Error())
			return
		}
		stream(w, events)
	}
}

func stream(w http.ResponseWriter, events events) {
	eventStream(w)
	flush := http.NewResponseController(w).Flush
	err := events(func(event event) error {
		if err := writeEvent(w, event); err != nil {
			return err
		}
		return flush()
	})
	if err != nil {
		writeEvent(w, event{"error": err.Error()})
		return
	}
	io.WriteString(w, "data: [DONE]\n\n")
}

func eventStream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
}

func writeEvent(w io.Writer, event event) error {
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "data: %s\n\n", data)
	return err
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": message})
}

// Read parses a body into a request, and checks that the named fields are present.
func read(body []byte, request any, fields map[string]*string) error {
	if err := json.Unmarshal(body, request); err != nil {
		return fmt.Errorf("%w: the body is not the JSON expected: %w", errBadRequest, err)
	}
	for name, field := range fields {
		if *field == "" {
			return fmt.Errorf("%w: %q is missing", errBadRequest, name)
		}
	}
	return nil
}
