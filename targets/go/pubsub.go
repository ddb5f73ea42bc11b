package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
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

// Rooms that wait for more members.
type rooms struct {
	model *model
	mutex sync.Mutex
	open  map[string]*round
}

// A round is those who hear the same answer, each from a channel of its own. The answer ends with ctx, once all have left.
type round struct {
	ctx    context.Context
	cancel context.CancelFunc
	mutex  sync.Mutex
	// Whether they still listen: who falls too far behind does not.
	members map[chan []byte]bool
}

// Pubsub publishes one answer of the model to all members of a room.
func pubsub(model *model) http.Handler {
	rooms := &rooms{model: model, open: map[string]*round{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := readPubsub(r)
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		said := make(chan []byte, patience)
		round, joined := rooms.join(request, said)
		defer rooms.leave(request.Room, round, said)
		eventStream(w)
		if err := writeEvent(w, event{"joined": joined}); err == nil {
			round.hear(r.Context(), w, said)
		}
	})
}

func (r *rooms) join(request pubsubRequest, said chan []byte) (*round, int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	joined, ok := r.open[request.Room]
	if !ok {
		ctx, cancel := context.WithCancel(context.Background())
		joined = &round{ctx: ctx, cancel: cancel, members: map[chan []byte]bool{}}
		r.open[request.Room] = joined
	}
	joined.members[said] = true
	count := len(joined.members)
	if count >= request.Members {
		delete(r.open, request.Room)
		go joined.publish(r.model, request.Message)
	}
	return joined, count
}

func (r *rooms) leave(room string, left *round, said chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	left.mutex.Lock()
	defer left.mutex.Unlock()
	delete(left.members, said)
	if len(left.members) > 0 {
		return
	}
	left.cancel()
	if r.open[room] == left {
		delete(r.open, room)
	}
}

// Publish asks the model; each event is written once, and sent to all.
func (r *round) publish(model *model, text string) {
	deltas, err := model.ask(r.ctx, []message{user(text)}, nil)
	if err == nil {
		err = deltas.each(func(delta delta) error {
			if delta.Content == "" {
				return nil
			}
			return r.send(event{"content": delta.Content})
		})
	}
	if err != nil {
		r.send(event{"error": err.Error()})
	} else {
		r.sendData([]byte("[DONE]"))
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for said, listens := range r.members {
		if listens {
			close(said)
		}
	}
}

func (r *round) send(event event) error {
	data, err := json.Marshal(event)
	if err == nil {
		r.sendData(data)
	}
	return err
}

func (r *round) sendData(data []byte) {
	data = fmt.Appendf(nil, "data: %s\n\n", data)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for said, listens := range r.members {
		if !listens {
			continue
		}
		select {
		case said <- data:
		default:
			r.members[said] = false
			close(said)
		}
	}
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
