// A channel with room for one: a goroutine waits until another one has taken the last piece.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

var (
	pieces = make(chan int, 1)
	waited time.Duration
)

func work(length time.Duration) {
	for end := time.Now().Add(length); time.Now().Before(end); {
	}
}

//go:noinline
func sendIntoTheChannel(piece int) {
	from := time.Now()
	pieces <- piece
	waited += time.Since(from)
}

func main() {
	turns, _ := strconv.Atoi(os.Args[1])
	ms, _ := strconv.Atoi(os.Args[2])
	var all sync.WaitGroup
	all.Add(2)
	go func() {
		defer all.Done()
		for turn := 0; turn < turns; turn++ {
			sendIntoTheChannel(turn)
		}
		close(pieces)
	}()
	go func() {
		defer all.Done()
		for range pieces {
			work(time.Duration(ms) * time.Millisecond)
		}
	}()
	all.Wait()
	dose := fmt.Sprintf("%d %d\n", waited.Nanoseconds(), turns)
	if os.WriteFile(os.Args[len(os.Args)-1], []byte(dose), 0o600) != nil {
		os.Exit(1)
	}
}
