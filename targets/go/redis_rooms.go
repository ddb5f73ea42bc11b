//go:build redis

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Adds a member to the current round. Returns 0 if that round was already complete; the next one
// starts then.
var countIn = redis.NewScript(`
	if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
	local present = redis.call('INCR', KEYS[2])
	redis.call('EXPIRE', KEYS[2], 3600)
	if present >= tonumber(ARGV[2]) then
		redis.call('INCR', KEYS[1])
		redis.call('EXPIRE', KEYS[1], 3600)
	end
	return present`)

// Removes a member. If all have left a complete round, publishes its end, which stops the model
// call.
var countOut = redis.NewScript(`
	if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return 0 end
	redis.call('DEL', KEYS[2])
	if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end
	return 0`)

// Ends a round by publishing an empty text.
var endRound = redis.NewScript(`
	redis.call('DEL', KEYS[1])
	return redis.call('PUBLISH', KEYS[1], '')`)

// Rooms of all servers that share a Redis. Redis counts the members and distributes the events.
type sharedRooms struct {
	model  *model
	client *redis.Client
	mutex  sync.Mutex
	// Rounds with a local subscription, by channel.
	local map[string]*localRound
}

// The local part of a round.
type localRound struct {
	*round
	subscription *redis.PubSub
	ready        chan struct{}
	err          error
}

func openRooms(model *model) rooms {
	options, err := redis.ParseURL(os.Getenv("REDIS"))
	if err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(options)
	if err := client.Ping(context.Background()).Err(); err != nil {
		log.Fatal(err)
	}
	return &sharedRooms{model: model, client: client, local: map[string]*localRound{}}
}

// A room's key holds its number of rounds. A round's channel is also the key of its number of
// members.
func (r *round) keys() []string {
	room := "room:" + r.room
	return []string{room, fmt.Sprintf("%s:%d", room, r.number)}
}

func (r *round) channel() string { return r.keys()[1] }

func (r *sharedRooms) join(request pubsubRequest, events chan []byte) (*round, int, error) {
	ctx := context.Background()
	for {
		number, err := r.client.Get(ctx, "room:"+request.Room).Int()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, 0, err
		}
		local, err := r.enter(newRound(request.Room, number), events)
		if err != nil {
			return nil, 0, err
		}
		joined, err := countIn.Run(ctx, r.client, local.keys(), number, request.Members).Int()
		if err != nil {
			r.exit(local.round, events)
			return nil, 0, err
		}
		if joined > 0 {
			if joined >= request.Members {
				r.publish(local.round, request.Message)
			}
			return local.round, joined, nil
		}
		// The round was complete before this member was counted.
		r.exit(local.round, events)
	}
}

// Enter subscribes a member to the round's channel. The member is not counted yet.
func (r *sharedRooms) enter(wanted *round, events chan []byte) (*localRound, error) {
	channel := wanted.channel()
	r.mutex.Lock()
	entered, ok := r.local[channel]
	if !ok {
		subscription := r.client.Subscribe(context.Background(), channel)
		entered = &localRound{round: wanted, subscription: subscription, ready: make(chan struct{})}
		r.local[channel] = entered
	}
	entered.add(events, true)
	r.mutex.Unlock()
	if !ok {
		_, entered.err = entered.subscription.Receive(context.Background())
		close(entered.ready)
		go r.listen(entered)
	}
	<-entered.ready
	if entered.err != nil {
		r.exit(entered.round, events)
	}
	return entered, entered.err
}

// Listen sends published events to the local members, until the end.
func (r *sharedRooms) listen(to *localRound) {
	for {
		message, err := to.subscription.ReceiveMessage(context.Background())
		if err != nil {
			// The subscription was closed, because no local member is left.
			return
		}
		if message.Payload == "" {
			r.mutex.Lock()
			r.drop(to.round)
			r.mutex.Unlock()
			to.cancel()
			to.end()
			return
		}
		to.broadcast([]byte(message.Payload))
	}
}

// Publish asks the model. The server stays subscribed to the round until publishing ends, even
// without a local member.
func (r *sharedRooms) publish(to *round, text string) {
	publisher := make(chan []byte)
	to.add(publisher, false)
	go func() {
		defer r.exit(to, publisher)
		ctx := context.Background()
		askFor(to.ctx, r.model, text, func(data []byte) {
			if err := r.client.Publish(ctx, to.channel(), data).Err(); err != nil {
				log.Print(err)
			}
		})
		if err := endRound.Run(ctx, r.client, []string{to.channel()}).Err(); err != nil {
			log.Print(err)
		}
	}()
}

func (r *sharedRooms) leave(left *round, events chan []byte) {
	r.exit(left, events)
	if left.ctx.Err() != nil {
		return
	}
	if err := countOut.Run(context.Background(), r.client, left.keys(), left.number).Err(); err != nil {
		log.Print(err)
	}
}

// Exit removes a member, and unsubscribes from a round without local members.
func (r *sharedRooms) exit(left *round, events chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if left.remove(events) == 0 {
		r.drop(left)
	}
}

// Drop forgets a round. The caller holds the mutex.
func (r *sharedRooms) drop(dropped *round) {
	channel := dropped.channel()
	if entered, ok := r.local[channel]; ok && entered.round == dropped {
		delete(r.local, channel)
		entered.subscription.Close()
	}
}
