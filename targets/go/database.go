//go:build database

package main

import (
	"log"
	"net/http"
	"os"
)

// Remember adds the routes that need a database.
func remember(mux *http.ServeMux, model *model) {
	path := os.Getenv("DATABASE")
	if path == "" {
		return
	}
	threads, err := openThreads(path)
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("POST /history", streaming(history(model, threads)))
	crud(mux, threads)
}
