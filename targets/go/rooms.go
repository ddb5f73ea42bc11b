package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// A round is the members that receive the same answer, each from its own channel. The answer ends
// with ctx.
type round struct {
	room string
	// The number of the room's rounds, if several servers count them.
	number int
	ctx    context.Context
	cancel context.CancelFunc
	mutex  sync.Mutex
	// Whether a member still receives events. A slow one is dropped.
	members map[chan []byte]bool
}

func newRound(room string, number int) *round {
	ctx, cancel := context.WithCancel(context.Background())
	return &round{room: room, number: number, ctx: ctx, cancel: cancel, members: map[chan []byte]bool{}}
}

func (r *round) add(events chan []byte, listens bool) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.members[events] = listens
	return len(r.members)
}

// Remove removes a member, and returns how many are left.
func (r *round) remove(events chan []byte) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.members, events)
	return len(r.members)
}

// Broadcast sends an event to all members without waiting.
func (r *round) broadcast(data []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for events, listens := range r.members {
		if !listens {
			continue
		}
		select {
		case events <- data:
		default:
			r.members[events] = false
			close(events)
		}
	}
}

// End ends the event streams of all members.
func (r *round) end() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for events, listens := range r.members {
		if listens {
			close(events)
		}
	}
}

// AskFor asks the model. It serializes each event of the answer once, and passes it to broadcast.
func askFor(ctx context.Context, model *model, text string, broadcast func([]byte)) {
	send := func(event event) error {
		data, err := json.Marshal(event)
		if err == nil {
			broadcast(fmt.Appendf(nil, "data: %s\n\n", data))
		}
		return err
	}
	deltas, err := model.ask(ctx, []message{user(text)}, nil)
	if err == nil {
		err = deltas.each(func(delta delta) error {
			if delta.Content == "" {
				return nil
			}
			return send(event{"content": delta.Content})
		})
	}
	if err != nil {
		send(event{"error": err.Error()})
	} else {
		broadcast([]byte("data: [DONE]\n\n"))
	}
}

// Rooms of this process that wait for more members.
type ownRooms struct {
	model *model
	mutex sync.Mutex
	open  map[string]*round
}

func newOwnRooms(model *model) rooms {
	return &ownRooms{model: model, open: map[string]*round{}}
}

func (r *ownRooms) join(request pubsubRequest, events chan []byte) (*round, int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	joined, ok := r.open[request.Room]
	if !ok {
		joined = newRound(request.Room, 0)
		r.open[request.Room] = joined
	}
	count := joined.add(events, true)
	if count >= request.Members {
		delete(r.open, request.Room)
		go func() {
			askFor(joined.ctx, r.model, request.Message, joined.broadcast)
			joined.end()
		}()
	}
	return joined, count, nil
}

func (r *ownRooms) leave(left *round, events chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if left.remove(events) > 0 {
		return
	}
	left.cancel()
	if r.open[left.room] == left {
		delete(r.open, left.room)
	}
}
