package main

import "sync"

// Idle is goroutines that have started and wait until they are ended.
type Idle struct {
	count int
	stop  chan struct{}
	ended sync.WaitGroup
}

// Spawn starts goroutines and returns when all have started.
func (idle *Idle) Spawn(count int) Answer {
	idle.count = count
	idle.stop = make(chan struct{})
	var started sync.WaitGroup
	started.Add(count)
	for range count {
		idle.ended.Go(func() {
			started.Done()
			<-idle.stop
		})
	}
	started.Wait()
	return Answer{Done: count}
}

// End ends all goroutines and returns when they have ended.
func (idle *Idle) End() Answer {
	close(idle.stop)
	idle.ended.Wait()
	return Answer{Done: idle.count}
}

// hand passes a token back and forth between two goroutines.
func hand(turns int) Answer {
	there, back := make(chan int), make(chan int)
	go func() {
		for turn := range there {
			back <- turn
		}
		close(back)
	}()
	done := make(chan struct{})
	go func() {
		for turn := range turns {
			there <- turn
			<-back
		}
		close(there)
		close(done)
	}()
	<-done
	return Answer{Done: turns}
}
