package main

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// compute runs each piece, a number of steps of xorshift, in a separate goroutine.
func compute(pieces, steps int) Answer {
	var sum atomic.Uint32
	var all sync.WaitGroup
	for piece := range pieces {
		all.Go(func() {
			x := uint32(piece + 1)
			for range steps {
				x ^= x << 13
				x ^= x >> 17
				x ^= x << 5
			}
			sum.Add(x)
		})
	}
	all.Wait()
	return Answer{Done: pieces, Sum: sum.Load()}
}

// walk reads a tree with one goroutine per folder.
type walk struct {
	passes int
	files  atomic.Int64
	sum    atomic.Uint32
	failed atomic.Pointer[error]
	all    sync.WaitGroup
}

// read reads every file below the folder, and hashes each `passes` times.
func read(folder string, passes int) Answer {
	w := &walk{passes: passes}
	w.all.Go(func() { w.folder(folder) })
	w.all.Wait()
	answer := Answer{Done: int(w.files.Load()), Sum: w.sum.Load()}
	if failed := w.failed.Load(); failed != nil {
		answer.Error = (*failed).Error()
	}
	return answer
}

func (w *walk) folder(path string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		w.failed.Store(&err)
		return
	}
	for _, entry := range entries {
		inside := filepath.Join(path, entry.Name())
		if entry.IsDir() {
			w.all.Go(func() { w.folder(inside) })
		} else {
			w.file(inside)
		}
	}
}

func (w *walk) file(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		w.failed.Store(&err)
		return
	}
	w.files.Add(1)
	w.sum.Add(uint32(len(data)))
	for range w.passes {
		w.sum.Add(fnv(data))
	}
}

func fnv(data []byte) uint32 {
	hash := uint32(2166136261)
	for _, b := range data {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return hash
}
