package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Read reads a request's body into the fields of to; if that fails, the answer is written.
func read(w http.ResponseWriter, r *http.Request, to any) bool {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, to)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "the body is not the JSON expected: "+err.Error())
	}
	return err == nil
}

// Given says whether a field has a value; if not, the answer is written.
func given(w http.ResponseWriter, field, value string) bool {
	if value == "" {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%q is missing", field))
	}
	return value != ""
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": message})
}
