package main

import (
	"crypto/sha256"
	"encoding/json"
	"log"
	"regexp"
	"strings"
	"sync/atomic"
)

// BufferSize is that of buffers which are copied, zeroed or hashed.
const bufferSize = 64 << 10

// PlantCode returns a fault inside user code, or nil. The dose is the number of repetitions before
// each token. Each fault has a separate function, which the compiler must not inline.
func plantCode(name string, dose uint64) func() {
	work := map[string]func() func(){
		"json": jsonAgain, "copy": copies, "zero": zeroing, "regex": matching,
		"log": logging, "storm": storm, "hash": hashing,
	}[name]
	if work == nil {
		return nil
	}
	once := work()
	return func() {
		for range dose {
			once()
		}
		count(&occurrences, dose)
	}
}

// JSON is parsed and written once more than needed.
func jsonAgain() func() {
	document := conversation()
	return func() { rewriteJSON(document) }
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type request struct {
	Model    string    `json:"model"`
	Stream   bool      `json:"stream"`
	Messages []message `json:"messages"`
}

// Conversation returns a request of 20 messages.
func conversation() []byte {
	asked := request{Model: "stub", Stream: true}
	for range 20 {
		asked.Messages = append(asked.Messages, message{"user", strings.Repeat("a word \"or\" two ", 4)})
	}
	text, err := json.Marshal(asked)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

//go:noinline
func rewriteJSON(document []byte) {
	var asked request
	if err := json.Unmarshal(document, &asked); err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(asked)
	if err != nil || len(text) != len(document) {
		log.Fatal("JSON was not written as it was read")
	}
}

// A buffer is copied.
func copies() func() {
	from, to := make([]byte, bufferSize), make([]byte, bufferSize)
	return func() { copyBuffer(to, from) }
}

//go:noinline
func copyBuffer(to, from []byte) {
	copy(to, from)
}

// A buffer that is used again is zeroed. Fresh buffers would also cost page faults and collections.
func zeroing() func() {
	buffer := make([]byte, bufferSize)
	return func() { zeroBuffer(buffer) }
}

//go:noinline
func zeroBuffer(buffer []byte) {
	clear(buffer)
}

// A text is searched.
func matching() func() {
	address := regexp.MustCompile(`(\w+)\.(\w+)@(\w+)\.example`)
	text := strings.Repeat("write to some.body or any.one at all, ", 8) + "not.to@nobody.example"
	return func() { searchText(address, text) }
}

//go:noinline
func searchText(address *regexp.Regexp, text string) {
	if address.FindStringSubmatchIndex(text) == nil {
		log.Fatal("the text has no address")
	}
}

// Lines are formatted for a log that is kept nowhere.
func logging() func() {
	logger := log.New(new(nowhere), "server ", log.LstdFlags|log.Lmicroseconds)
	return func() { logLine(logger) }
}

type nowhere struct{ bytes uint64 }

func (sink *nowhere) Write(line []byte) (int, error) {
	sink.bytes += uint64(len(line))
	return len(line), nil
}

//go:noinline
func logLine(logger *log.Logger) {
	logger.Printf("stream %d of user %q: token %d after %.3f ms, status %v", 7, "somebody", tokens.Load(), 20.123, true)
}

// Garbage is made while much is alive, so that the collector has to mark it again and again.
func storm() func() {
	for range 400_000 {
		alive = append(alive, new(node))
	}
	return makeGarbage
}

type node struct{ next *node }

var (
	alive   []*node
	garbage atomic.Pointer[[]*node]
)

//go:noinline
func makeGarbage() {
	made := make([]*node, 4096)
	garbage.Store(&made)
}

// A buffer is hashed.
func hashing() func() {
	buffer := make([]byte, bufferSize)
	return func() { hashBuffer(buffer) }
}

//go:noinline
func hashBuffer(buffer []byte) {
	if sum := sha256.Sum256(buffer); sum[0] == 0 {
		log.Fatal("the hash is wrong")
	}
}
