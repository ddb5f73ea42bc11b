package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// The true cost of the fault, counted where it happens; see targets/planted/src/truth.rs.
var planted struct {
	name string
	dose uint64
}

var tokens, occurrences, cpuNs, keptBytes atomic.Uint64

// Time between two lines of the log.
const every = 100 * time.Millisecond

func count(counter *atomic.Uint64, by uint64) {
	counter.Add(by)
}

// OnCPU runs work and adds its CPU time. It locks the goroutine to its thread, whose clock it
// reads.
func onCPU(work func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	work()
	cpuNs.Add(uint64(threadTime() - before))
}

// ThreadTime returns the CPU time of this thread from the kernel. Reading this clock updates it,
// unlike getrusage, which misses the time since the last tick.
func threadTime() time.Duration {
	const threadCPUTime = 3
	var now syscall.Timespec
	_, _, failed := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&now)), 0)
	if failed != 0 {
		return 0
	}
	return time.Duration(now.Nano())
}

// KeepTruth stores the fault's name, and starts the log if one is configured.
func keepTruth(name string, dose uint64) {
	planted.name, planted.dose = name, dose
	folder := os.Getenv("PLANTED_LOG")
	if folder == "" {
		return
	}
	os.MkdirAll(folder, 0o755)
	file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.jsonl", os.Getpid())))
	if err != nil {
		return
	}
	go func() {
		for {
			if _, err := file.Write(append(truthNow(), '\n')); err != nil {
				return
			}
			time.Sleep(every)
		}
	}()
}

func truthNow() []byte {
	line, err := json.Marshal(map[string]any{
		"cause":        planted.name,
		"dose":         planted.dose,
		"unix_ns":      time.Now().UnixNano(),
		"tokens":       tokens.Load(),
		"count":        occurrences.Load(),
		"cpu_ns":       cpuNs.Load(),
		"bytes":        keptBytes.Load(),
		"gc_ns":        gcTime(),
		"wait_ns":      0,
		"run_delay_ns": 0,
	})
	if err != nil {
		return nil
	}
	return line
}

// GcTime returns the CPU time of garbage collection as the runtime counts it, in ns.
func gcTime() uint64 {
	own := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(own)
	if own[0].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return uint64(own[0].Value.Float64() * 1e9)
}
