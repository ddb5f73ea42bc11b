//go:build !redis

package main

// Only the build that uses Redis contains its client.
func openRooms(model *model) rooms { return newOwnRooms(model) }
