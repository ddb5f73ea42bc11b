// Tasks runs the jobs of docs/tasks.md in goroutines.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Answer is one line on standard output.
type Answer struct {
	Done  int    `json:"done"`
	Ns    int64  `json:"ns"`
	Sum   uint32 `json:"sum"`
	Error string `json:"error,omitempty"`
}

func main() {
	var idle Idle
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		start := time.Now()
		answer := do(&idle, strings.Split(lines.Text(), "\t"))
		answer.Ns = time.Since(start).Nanoseconds()
		// Structs of numbers and strings always encode.
		line, _ := json.Marshal(answer)
		fmt.Println(string(line))
	}
}

func do(idle *Idle, words []string) Answer {
	number := func(at int) int {
		if at >= len(words) {
			return 0
		}
		value, _ := strconv.Atoi(words[at])
		return value
	}
	switch words[0] {
	case "spawn":
		return idle.Spawn(number(1))
	case "end":
		return idle.End()
	case "switch":
		return hand(number(1))
	case "compute":
		return compute(number(1), number(2))
	case "read":
		return read(words[1], number(2))
	}
	return Answer{Error: "unknown: " + words[0]}
}
