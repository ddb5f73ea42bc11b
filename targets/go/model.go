package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A model that speaks the OpenAI chat completions API.
type model struct {
	url    string
	client *http.Client
}

func newModel(upstream string) *model {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// The default of 2 would open a new connection for nearly every request under load.
	transport.MaxIdleConnsPerHost = 1024
	transport.MaxIdleConns = 1024
	return &model{
		url:    strings.TrimSuffix(upstream, "/") + "/v1/chat/completions",
		client: &http.Client{Transport: transport},
	}
}

// Ask starts a completion. Nothing of it is left once ctx has ended.
func (m *model) ask(ctx context.Context, message string) (*tokens, error) {
	body, err := json.Marshal(map[string]any{
		"model":    "stub",
		"stream":   true,
		"messages": []map[string]string{{"role": "user", "content": message}},
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the model cannot be reached: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("the model answered %s", response.Status)
	}
	return &tokens{body: response.Body}, nil
}

// The tokens of one completion, as they arrive.
type tokens struct {
	body io.ReadCloser
}

func (t *tokens) Close() error {
	return t.body.Close()
}

// Each calls yield with every token. It reads to the end of the body, so that the connection can be used again.
func (t *tokens) Each(yield func(string) error) error {
	done := false
	lines := bufio.NewScanner(t.body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok || done {
			continue
		}
		data = strings.TrimSpace(data)
		if data == "[DONE]" {
			done = true
			continue
		}
		token, err := content(data)
		if err != nil {
			return err
		}
		if token == "" {
			continue
		}
		if err := yield(token); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the model broke off: %w", err)
	}
	if !done {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// Content is a chunk's token; empty in chunks that only carry the role, the end or the usage.
func content(data string) (string, error) {
	var chunk struct {
		Choices []struct {
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
		} `json:"choices"`
	}
	if err := json.Unmarshal([]byte(data), &chunk); err != nil {
		return "", fmt.Errorf("the model sent what is not JSON: %w", err)
	}
	if len(chunk.Choices) == 0 {
		return "", nil
	}
	return chunk.Choices[0].Delta.Content, nil
}
