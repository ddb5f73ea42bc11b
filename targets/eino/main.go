// An agent server: Eino runs the agents, and what they do is streamed to the client when it happens.
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	agents, err := newAgents(context.Background(), os.Getenv("UPSTREAM"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /chat", agents.chat)
	// Without this a GET of /chat would be 405.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is no such route")
	})
	log.Fatal(http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), mux))
}
