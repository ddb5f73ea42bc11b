//go:build !database

package main

import (
	"net/http"

	"github.com/cloudwego/eino/adk"
)

// SQLite would add to what this server keeps in memory, used or not. So it is built with and without.
func remember(*http.ServeMux, *adk.Runner) {}
