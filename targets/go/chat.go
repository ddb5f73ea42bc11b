package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

type chatHandler struct {
	model *model
}

// ServeHTTP answers POST /chat. When the client leaves, the request's context ends the call to the model.
func (h *chatHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message, err := readMessage(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	tokens, err := h.model.ask(r.Context(), message)
	if err != nil {
		fail(w, http.StatusBadGateway, err.Error())
		return
	}
	defer tokens.Close()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(w).Flush
	err = tokens.Each(func(token string) error {
		if err := writeEvent(w, map[string]string{"content": token}); err != nil {
			return err
		}
		return flush()
	})
	if err != nil {
		writeEvent(w, map[string]string{"error": err.Error()})
		return
	}
	io.WriteString(w, "data: [DONE]\n\n")
}

func readMessage(r *http.Request) (string, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	var request struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return "", fmt.Errorf("the body is not the JSON expected: %w", err)
	}
	if request.Message == "" {
		return "", errors.New(`"message" is missing`)
	}
	return request.Message, nil
}

func writeEvent(w io.Writer, event any) error {
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "data: %s\n\n", data)
	return err
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": message})
}
