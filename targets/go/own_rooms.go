//go:build !redis

package main

// A client of Redis is only in the build that uses it, as a database is.
func openRooms(model *model) rooms { return newOwnRooms(model) }
