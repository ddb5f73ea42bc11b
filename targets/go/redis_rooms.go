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

// Counts a member of a round, which is over for newcomers once it is complete. 0 if it was complete before.
var countIn = redis.NewScript(`
	if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
	local present = redis.call('INCR', KEYS[2])
	redis.call('EXPIRE', KEYS[2], 3600)
	if present >= tonumber(ARGV[2]) then
		redis.call('INCR', KEYS[1])
		redis.call('EXPIRE', KEYS[1], 3600)
	end
	return present`)

// Counts one out; if all have left a round that was complete, its end tells whoever asks the model.
var countOut = redis.NewScript(`
	if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return 0 end
	redis.call('DEL', KEYS[2])
	if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end
	return 0`)

// Ends a round: an empty text says so.
var endRound = redis.NewScript(`
	redis.call('DEL', KEYS[1])
	return redis.call('PUBLISH', KEYS[1], '')`)

// Rooms of all servers that share a Redis. It counts the members, and passes on what is published.
type sharedRooms struct {
	model  *model
	client *redis.Client
	mutex  sync.Mutex
	// Rounds that are heard here, by the channel that carries them.
	heard map[string]*heard
}

// A round as far as it is heard at this server.
type heard struct {
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
	return &sharedRooms{model: model, client: client, heard: map[string]*heard{}}
}

// The key of a room holds how many rounds it has had. The channel of a round is also the key of its number of members.
func (r *round) keys() []string {
	room := "room:" + r.room
	return []string{room, fmt.Sprintf("%s:%d", room, r.number)}
}

func (r *round) channel() string { return r.keys()[1] }

func (r *sharedRooms) join(request pubsubRequest, said chan []byte) (*round, int, error) {
	ctx := context.Background()
	for {
		number, err := r.client.Get(ctx, "room:"+request.Room).Int()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, 0, err
		}
		heard, err := r.enter(newRound(request.Room, number), said)
		if err != nil {
			return nil, 0, err
		}
		joined, err := countIn.Run(ctx, r.client, heard.keys(), number, request.Members).Int()
		if err != nil {
			r.exit(heard.round, said)
			return nil, 0, err
		}
		if joined > 0 {
			if joined >= request.Members {
				r.publish(heard.round, request.Message)
			}
			return heard.round, joined, nil
		}
		// It was complete before we were counted.
		r.exit(heard.round, said)
	}
}

// Enter has a member hear what is published from now on. It is not counted yet.
func (r *sharedRooms) enter(wanted *round, said chan []byte) (*heard, error) {
	channel := wanted.channel()
	r.mutex.Lock()
	entered, ok := r.heard[channel]
	if !ok {
		subscription := r.client.Subscribe(context.Background(), channel)
		entered = &heard{round: wanted, subscription: subscription, ready: make(chan struct{})}
		r.heard[channel] = entered
	}
	entered.add(said, true)
	r.mutex.Unlock()
	if !ok {
		_, entered.err = entered.subscription.Receive(context.Background())
		close(entered.ready)
		go r.listen(entered)
	}
	<-entered.ready
	if entered.err != nil {
		r.exit(entered.round, said)
	}
	return entered, entered.err
}

// Listen passes on to the members here what is published, to the end.
func (r *sharedRooms) listen(to *heard) {
	for {
		message, err := to.subscription.ReceiveMessage(context.Background())
		if err != nil {
			// It was closed, as nobody is left here.
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
		to.say([]byte(message.Payload))
	}
}

// Publish asks the model. Until it is done, the round is heard here, even without a member.
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

func (r *sharedRooms) leave(left *round, said chan []byte) {
	r.exit(left, said)
	if left.ctx.Err() != nil {
		return
	}
	if err := countOut.Run(context.Background(), r.client, left.keys(), left.number).Err(); err != nil {
		log.Print(err)
	}
}

// Exit takes a member out; a round that nobody hears any more here is not listened to.
func (r *sharedRooms) exit(left *round, said chan []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if left.remove(said) == 0 {
		r.drop(left)
	}
}

// Drop is called with the mutex held.
func (r *sharedRooms) drop(dropped *round) {
	channel := dropped.channel()
	if entered, ok := r.heard[channel]; ok && entered.round == dropped {
		delete(r.heard, channel)
		entered.subscription.Close()
	}
}
