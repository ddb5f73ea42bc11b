// A chat server with one known fault, which it counts itself: `server FAULT DOSE`. Without
// arguments it has no fault.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

func main() {
	name, dose := "", uint64(0)
	if len(os.Args) > 2 {
		parsed, err := strconv.ParseUint(os.Args[2], 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		name, dose = os.Args[1], parsed
	}
	upstream := os.Getenv("UPSTREAM")
	fault, err := plant(name, dose, upstream)
	if err != nil {
		log.Fatal(err)
	}
	keepTruth(name, dose)
	mux := http.NewServeMux()
	mux.Handle("POST /chat", chat(upstream+"/v1/chat/completions", fault))
	mux.HandleFunc("GET /planted", func(w http.ResponseWriter, r *http.Request) { w.Write(truthNow()) })
	// Without this, a GET of /chat would be 405 instead of 404.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is only POST /chat")
	})
	log.Fatal(http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), mux))
}
