package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Events that a member may be behind before it is given up, so that nobody has to wait for it.
const patience = 1024

type pubsubRequest struct {
	Room    string `json:"room"`
	Message string `json:"message"`
	Members int    `json:"members"`
}

func readPubsub(r *http.Request) (pubsubRequest, error) {
	var request pubsubRequest
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = read(body, &request, map[string]*string{"room": &request.Room, "message": &request.Message})
	}
	switch {
	case err != nil:
		return request, err
	case !plainID.MatchString(request.Room):
		return request, fmt.Errorf("%w: %w", errBadRequest, errID)
	case request.Members < 1 || request.Members > 1000:
		return request, fmt.Errorf("%w: \"members\" must be from 1 to 1000", errBadRequest)
	}
	return request, nil
}

// Where members of a room come together.
type rooms interface {
	// Join counts a member in, and says how many are there; whoever completes the room has the model asked.
	join(request pubsubRequest, said chan []byte) (*round, int, error)
	leave(left *round, said chan []byte)
}

// Pubsub publishes one answer of the model to all members of a room.
func pubsub(rooms rooms) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := readPubsub(r)
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		said := make(chan []byte, patience)
		round, joined, err := rooms.join(request, said)
		if err != nil {
			fail(w, http.StatusBadGateway, err.Error())
			return
		}
		defer rooms.leave(round, said)
		eventStream(w)
		if err := writeEvent(w, event{"joined": joined}); err == nil {
			round.hear(r.Context(), w, said)
		}
	})
}

// Hear passes on what is said until the end, or until the client leaves.
func (r *round) hear(ctx context.Context, w http.ResponseWriter, said chan []byte) {
	flush := http.NewResponseController(w).Flush
	for {
		if flush() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case data, ok := <-said:
			if !ok {
				r.sayIfBehind(w, said)
				return
			}
			if _, err := w.Write(data); err != nil {
				return
			}
		}
	}
}

func (r *round) sayIfBehind(w http.ResponseWriter, said chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.members[said] {
		writeEvent(w, event{"error": "this member is too far behind"})
	}
}
