//go:build sqlite || postgres

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// A page of threads. Next is the last id if there is another page.
type page struct {
	Threads []thread `json:"threads"`
	Next    *string  `json:"next"`
}

// Whole is a thread with all its messages.
type whole struct {
	thread
	Messages []stored `json:"messages"`
}

// Handlers answer requests for threads.
type handlers struct {
	threads
}

// Crud serves threads.
func crud(mux *http.ServeMux, threads threads) {
	c := handlers{threads}
	handle := func(pattern string, serve func(*http.Request) (int, any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if id := r.PathValue("id"); id != "" && !plainID.MatchString(id) {
				fail(w, http.StatusBadRequest, errID.Error())
				return
			}
			status, body, err := serve(r)
			reply(w, status, body, err)
		})
	}
	handle("GET /threads", c.serveList)
	handle("POST /threads", c.serveCreate)
	handle("GET /threads/{id}", c.serveRead)
	handle("PATCH /threads/{id}", c.serveRename)
	handle("DELETE /threads/{id}", c.serveRemove)
	handle("POST /threads/{id}/messages", c.serveAppend)
}

func reply(w http.ResponseWriter, status int, body any, err error) {
	switch {
	case errors.Is(err, errBadRequest):
		fail(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, errNoThread):
		fail(w, http.StatusNotFound, err.Error())
	case errors.Is(err, errThreadExists):
		fail(w, http.StatusConflict, err.Error())
	case err != nil:
		fail(w, http.StatusInternalServerError, err.Error())
	case body == nil:
		w.WriteHeader(status)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
}

func readBody(r *http.Request, request any, fields map[string]*string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return read(body, request, fields)
}

func (c handlers) serveList(r *http.Request) (int, any, error) {
	limit := 20
	if text := r.URL.Query().Get("limit"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > 100 {
			return 0, nil, fmt.Errorf("%w: limit must be from 1 to 100", errBadRequest)
		}
		limit = number
	}
	after := r.URL.Query().Get("after")
	if after != "" && !plainID.MatchString(after) {
		return 0, nil, fmt.Errorf("%w: %w", errBadRequest, errID)
	}
	// One more row than needed shows whether there is a next page.
	found, err := c.list(r.Context(), after, limit+1)
	if len(found) <= limit {
		return http.StatusOK, page{Threads: found}, err
	}
	return http.StatusOK, page{found[:limit], &found[limit-1].ID}, err
}

func (c handlers) serveCreate(r *http.Request) (int, any, error) {
	var thread thread
	err := readBody(r, &thread, map[string]*string{"id": &thread.ID, "title": &thread.Title})
	if err == nil && !plainID.MatchString(thread.ID) {
		err = fmt.Errorf("%w: %w", errBadRequest, errID)
	}
	if err == nil {
		err = storable(thread.Title)
	}
	if err == nil {
		err = c.create(r.Context(), thread)
	}
	return http.StatusCreated, thread, err
}

func (c handlers) serveRead(r *http.Request) (int, any, error) {
	thread, err := c.read(r.Context(), r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	messages, err := c.messages(r.Context(), thread.ID)
	return http.StatusOK, whole{thread, messages}, err
}

func (c handlers) serveRename(r *http.Request) (int, any, error) {
	thread := thread{}
	err := readBody(r, &thread, map[string]*string{"title": &thread.Title})
	thread.ID = r.PathValue("id")
	if err == nil {
		err = storable(thread.Title)
	}
	if err == nil {
		err = c.rename(r.Context(), thread)
	}
	return http.StatusOK, thread, err
}

func (c handlers) serveRemove(r *http.Request) (int, any, error) {
	return http.StatusNoContent, nil, c.remove(r.Context(), r.PathValue("id"))
}

func (c handlers) serveAppend(r *http.Request) (int, any, error) {
	var stored stored
	err := readBody(r, &stored, map[string]*string{"role": &stored.Role, "content": &stored.Content})
	if err == nil && stored.Role != "user" && stored.Role != "assistant" {
		err = fmt.Errorf("%w: \"role\" must be user or assistant", errBadRequest)
	}
	if err == nil {
		err = storable(stored.Content)
	}
	if err == nil {
		_, err = c.read(r.Context(), r.PathValue("id"))
	}
	if err == nil {
		err = c.append(r.Context(), r.PathValue("id"), stored)
	}
	return http.StatusCreated, stored, err
}
