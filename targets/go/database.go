//go:build sqlite || postgres

package main

import (
	"log"
	"net/http"
	"os"
)

// AddDatabaseRoutes adds the routes that need a database.
func addDatabaseRoutes(mux *http.ServeMux, model *model) {
	database := os.Getenv("DATABASE")
	if database == "" {
		return
	}
	threads, err := openThreads(database)
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("POST /history", streaming(history(model, threads)))
	crud(mux, threads)
}
