// An agent server: it asks the model and streams events to the client.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	model := newModel(os.Getenv("UPSTREAM"))
	mux := http.NewServeMux()
	mux.Handle("POST /chat", streaming(chat(model)))
	mux.Handle("POST /agent", streaming(agent(model)))
	mux.Handle("POST /sub-agents", streaming(subAgents(model)))
	mux.Handle("POST /multimodal", streaming(multimodal(model)))
	mux.Handle("POST /pubsub", pubsub(openRooms(model)))
	addDatabaseRoutes(mux, model)
	// Without this, a GET of /chat would be 405 instead of 404.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is no such route")
	})
	log.Fatal(http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), mux))
}
