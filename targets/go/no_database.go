//go:build !sqlite && !postgres

package main

import "net/http"

// SQLite adds a quarter to the memory of this server even when unused. So there is one build per
// database, and one without.
func addDatabaseRoutes(*http.ServeMux, *model) {}
