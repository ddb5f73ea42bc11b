package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// A round is those who hear the same answer, each from a channel of its own. The answer ends with ctx.
type round struct {
	room string
	// How many rounds the room has had, where several servers count them.
	number int
	ctx    context.Context
	cancel context.CancelFunc
	mutex  sync.Mutex
	// Whether they still listen: who falls too far behind does not.
	members map[chan []byte]bool
}

func newRound(room string, number int) *round {
	ctx, cancel := context.WithCancel(context.Background())
	return &round{room: room, number: number, ctx: ctx, cancel: cancel, members: map[chan []byte]bool{}}
}

func (r *round) add(said chan []byte, listens bool) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.members[said] = listens
	return len(r.members)
}

// Remove takes a member out, and gives how many are left.
func (r *round) remove(said chan []byte) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.members, said)
	return len(r.members)
}

// Say sends to all members; nobody is waited for.
func (r *round) say(data []byte) {
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

// End tells all members that nothing more will be said.
func (r *round) end() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for said, listens := range r.members {
		if listens {
			close(said)
		}
	}
}

// AskFor asks the model; each event of the answer is written once, and given to say.
func askFor(ctx context.Context, model *model, text string, say func([]byte)) {
	send := func(event event) error {
		data, err := json.Marshal(event)
		if err == nil {
			say(fmt.Appendf(nil, "data: %s\n\n", data))
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
		say([]byte("data: [DONE]\n\n"))
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

func (r *ownRooms) join(request pubsubRequest, said chan []byte) (*round, int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	joined, ok := r.open[request.Room]
	if !ok {
		joined = newRound(request.Room, 0)
		r.open[request.Room] = joined
	}
	count := joined.add(said, true)
	if count >= request.Members {
		delete(r.open, request.Room)
		go func() {
			askFor(joined.ctx, r.model, request.Message, joined.say)
			joined.end()
		}()
	}
	return joined, count, nil
}

func (r *ownRooms) leave(left *round, said chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if left.remove(said) > 0 {
		return
	}
	left.cancel()
	if r.open[left.room] == left {
		delete(r.open, left.room)
	}
}
