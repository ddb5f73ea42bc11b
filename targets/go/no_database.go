//go:build !database

package main

import "net/http"

// SQLite adds a quarter to what this server keeps in memory, used or not. So it is built without, too.
func remember(*http.ServeMux, *model) {}
