//go:build !sqlite && !postgres

package main

import "net/http"

// SQLite adds a quarter to what this server keeps in memory, used or not. So it is built for each database, and without.
func remember(*http.ServeMux, *model) {}
