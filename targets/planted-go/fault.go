package main

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Plant returns the fault that runs before each token. Doses have the units of
// targets/planted/src/faults/mod.rs.
func plant(name string, dose uint64, upstream string) (func(), error) {
	switch name {
	case "":
		return func() {}, nil
	case "busy":
		return busy(dose), nil
	case "syscalls":
		return func() {
			for range dose {
				syscall.Getppid()
			}
			count(&occurrences, dose)
		}, nil
	case "clock":
		return clock(dose), nil
	case "empty-polls":
		return emptyPolls(dose)
	case "pages":
		return pages(dose), nil
	case "failing-reads":
		return failingReads(dose)
	case "reconnects":
		return reconnects(dose, strings.TrimPrefix(upstream, "http://"))
	case "leak":
		return leak(dose), nil
	}
	if fault := plantCode(name, dose); fault != nil {
		return fault, nil
	}
	return nil, fmt.Errorf("no fault is called %q", name)
}

// Busy computes for about the given time, and measures the real time.
func busy(microseconds uint64) func() {
	const trial = 20_000_000
	// The clock belongs to this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begun := threadTime()
	turn(trial)
	turns := trial * microseconds * 1000 / uint64(max(threadTime()-begun, time.Nanosecond))
	return func() {
		turn(turns)
		count(&occurrences, 1)
	}
}

var sink uint64

// A chain of dependent multiplications: the CPU can neither skip nor parallelize them.
func turn(turns uint64) {
	value := uint64(1)
	for range turns {
		value = value*6364136223846793005 + 1
	}
	if value == 0 {
		sink++
	}
}

// FailingReads receives from an empty socket, which fails with EAGAIN.
func failingReads(dose uint64) (func(), error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return func() {
		var buffer [64]byte
		for range dose {
			if _, err := syscall.Read(pair[0], buffer[:]); err != nil {
				count(&occurrences, 1)
			}
		}
	}, nil
}

// Clock reads a clock that the vDSO does not serve.
func clock(dose uint64) func() {
	const processCPUTime = 2
	return func() {
		var now syscall.Timespec
		for range dose {
			syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, processCPUTime, uintptr(unsafe.Pointer(&now)), 0)
		}
		count(&occurrences, dose)
	}
}

// EmptyPolls polls without any event. Raw system calls, because Go's wrappers hand the processor
// over first.
func emptyPolls(dose uint64) (func(), error) {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return func() {
		var event syscall.EpollEvent
		for range dose {
			found, _, failed := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(poll), uintptr(unsafe.Pointer(&event)), 1, 0, 0, 0)
			if failed == 0 && found == 0 {
				count(&occurrences, 1)
			}
		}
	}, nil
}

// Pages maps pages, touches each, and unmaps them.
func pages(dose uint64) func() {
	size := os.Getpagesize()
	return func() {
		memory, err := syscall.Mmap(-1, 0, int(dose)*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return
		}
		for at := 0; at < len(memory); at += size {
			memory[at] = 1
		}
		count(&occurrences, dose)
		syscall.Munmap(memory)
	}
}

// Reconnects opens connections and closes them unused. It bypasses the runtime's poller, whose
// threads would add cost.
func reconnects(dose uint64, address string) (func(), error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	server := &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	return func() {
		for range dose {
			socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
			if err != nil {
				continue
			}
			if syscall.Connect(socket, server) == nil {
				count(&occurrences, 1)
			}
			syscall.Close(socket)
		}
	}, nil
}

// Leak allocates memory and never frees it.
func leak(size uint64) func() {
	var lock sync.Mutex
	var kept [][]byte
	return func() {
		piece := make([]byte, size)
		for at := range piece {
			piece[at] = 1
		}
		lock.Lock()
		defer lock.Unlock()
		kept = append(kept, piece)
		count(&keptBytes, size)
		count(&occurrences, 1)
	}
}
