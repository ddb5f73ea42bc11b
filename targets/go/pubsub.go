package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// The most events a member may lag behind. A slower member is dropped, so that the others do not
// wait for it.
const maxLag = 1024

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

// Rooms that members can join.
type rooms interface {
	// Join adds a member and returns how many there are. The member that completes the room starts
	// the model call.
	join(request pubsubRequest, events chan []byte) (*round, int, error)
	leave(left *round, events chan []byte)
}

// Pubsub answers POST /pubsub: publishes one answer of the model to all members of a room.
func pubsub(rooms rooms) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := readPubsub(r)
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		events := make(chan []byte, maxLag)
		round, joined, err := rooms.join(request, events)
		if err != nil {
			fail(w, http.StatusBadGateway, err.Error())
			return
		}
		defer rooms.leave(round, events)
		eventStream(w)
		if err := writeEvent(w, event{"joined": joined}); err == nil {
			round.forward(r.Context(), w, events)
		}
	})
}

// Forward sends the room's events until the end, or until the client disconnects.
func (r *round) forward(ctx context.Context, w http.ResponseWriter, events chan []byte) {
	flush := http.NewResponseController(w).Flush
	for {
		if flush() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case data, ok := <-events:
			if !ok {
				r.reportIfBehind(w, events)
				return
			}
			if _, err := w.Write(data); err != nil {
				return
			}
		}
	}
}

func (r *round) reportIfBehind(w http.ResponseWriter, events chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.members[events] {
		writeEvent(w, event{"error": "this member is too far behind"})
	}
}
