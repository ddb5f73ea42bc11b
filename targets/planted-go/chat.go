package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

var errBrokeOff = errors.New("the model broke off")

// Chat answers with the model's tokens, and injects the fault before each.
func chat(url string, fault func()) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// With the default of 2 idle connections, nearly every request under load would open a new one.
	transport.MaxIdleConnsPerHost = 1024
	transport.MaxIdleConns = 1024
	client := &http.Client{Transport: transport}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Message string `json:"message"`
		}
		// A decoder would ignore text after the first value.
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &request)
		}
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		if request.Message == "" {
			fail(w, http.StatusBadRequest, `"message" is missing`)
			return
		}
		response, err := ask(client, url, request.Message, r)
		if err != nil {
			fail(w, http.StatusBadGateway, err.Error())
			return
		}
		defer response.Body.Close()
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w).Flush
		// The client gets the head before the first token.
		flush()
		err = eachToken(response.Body, func(token string) error {
			count(&tokens, 1)
			onCPU(fault)
			if err := send(w, map[string]string{"content": token}); err != nil {
				return err
			}
			return flush()
		})
		if err != nil {
			send(w, map[string]string{"error": err.Error()})
			return
		}
		io.WriteString(w, "data: [DONE]\n\n")
	})
}

func ask(client *http.Client, url, message string, r *http.Request) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{
		"model":    "stub",
		"stream":   true,
		"messages": []map[string]string{{"role": "user", "content": message}},
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the model cannot be reached: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("the model answered %s", response.Status)
	}
	return response, nil
}

// EachToken calls yield with every token. It reads to the end of the body, so that the connection
// can be reused.
func eachToken(body io.Reader, yield func(string) error) error {
	done := false
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok || done {
			continue
		}
		if data = strings.TrimSpace(data); data == "[DONE]" {
			done = true
			continue
		}
		var chunk struct {
			Choices []struct {
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
			} `json:"choices"`
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			return fmt.Errorf("the model sent what is not JSON: %w", err)
		}
		if len(chunk.Choices) == 0 || chunk.Choices[0].Delta.Content == "" {
			continue
		}
		if err := yield(chunk.Choices[0].Delta.Content); err != nil {
			return err
		}
	}
	if lines.Err() != nil || !done {
		return errBrokeOff
	}
	return nil
}

func send(w io.Writer, event map[string]string) error {
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "data: %s\n\n", data)
	return err
}

func fail(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": why})
}
