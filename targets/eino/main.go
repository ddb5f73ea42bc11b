// An agent server: Eino runs the agents, and the server streams their steps to the client.
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/cloudwego/eino/adk"
)

func main() {
	agents, err := newAgents(context.Background(), os.Getenv("UPSTREAM"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /chat", ask(agents.chatAgent))
	mux.HandleFunc("POST /agent", ask(agents.helper))
	mux.HandleFunc("POST /sub-agents", ask(agents.planner))
	addDatabaseRoutes(mux, agents.chatAgent)
	// Without this, a GET of /chat would be 405 instead of 404.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is no such route")
	})
	log.Fatal(http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), mux))
}

// Ask runs the agent on the request's message. When the client disconnects, the request's context
// cancels the run.
func ask(agent *adk.Runner) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Message string `json:"message"`
		}
		if !read(w, r, &request) || !given(w, "message", request.Message) {
			return
		}
		to := newStream(w)
		ctx, end := context.WithCancelCause(r.Context())
		defer end(nil)
		events := agent.Query(withSurroundings(ctx, to, end), request.Message)
		to.finish(to.forward(ctx, events))
	}
}
