// A goroutine holds a mutex while it works, and another one waits for it.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

var (
	lock   sync.Mutex
	waited time.Duration
)

func work(length time.Duration) {
	for end := time.Now().Add(length); time.Now().Before(end); {
	}
}

//go:noinline
func releaseTheLock() { lock.Unlock() }

//go:noinline
func takeTheLock() {
	from := time.Now()
	lock.Lock()
	waited += time.Since(from)
	lock.Unlock()
}

func main() {
	turns, _ := strconv.Atoi(os.Args[1])
	ms, _ := strconv.Atoi(os.Args[2])
	var all sync.WaitGroup
	all.Add(2)
	go func() {
		defer all.Done()
		for turn := 0; turn < turns; turn++ {
			lock.Lock()
			work(time.Duration(ms) * time.Millisecond)
			releaseTheLock()
			time.Sleep(2 * time.Millisecond)
		}
	}()
	go func() {
		defer all.Done()
		for turn := 0; turn < turns; turn++ {
			time.Sleep(time.Millisecond)
			takeTheLock()
		}
	}()
	all.Wait()
	dose := fmt.Sprintf("%d %d\n", waited.Nanoseconds(), turns)
	if os.WriteFile(os.Args[len(os.Args)-1], []byte(dose), 0o600) != nil {
		os.Exit(1)
	}
}
