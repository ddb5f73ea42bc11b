//go:build !database

package main

import (
	"net/http"

	"github.com/cloudwego/eino/adk"
)

// SQLite would add to the memory of this server even when unused. So there is a build with it and
// one without.
func addDatabaseRoutes(*http.ServeMux, *adk.Runner) {}
