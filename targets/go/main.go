// A chat server: it asks the model and streams each token to the client as it arrives.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	chat := &chatHandler{model: newModel(os.Getenv("UPSTREAM"))}
	mux := http.NewServeMux()
	mux.Handle("POST /chat", chat)
	// Without this a GET of /chat would be 405.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is only POST /chat")
	})
	log.Fatal(http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), mux))
}
