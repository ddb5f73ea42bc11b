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

// A message of the conversation. Its content is a string or a list of parts.
type message struct {
	Role       string `json:"role"`
	Content    any    `json:"content"`
	ToolCalls  []call `json:"tool_calls,omitempty"`
	ToolCallID string `json:"tool_call_id,omitempty"`
}

func user(text string) message {
	return message{Role: "user", Content: text}
}

// A function call. In a stream, its arguments arrive in fragments.
type call struct {
	Index    int      `json:"index,omitempty"`
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// A delta is one chunk's part of the answer. It is empty in chunks with only the role, the finish
// reason or the usage.
type delta struct {
	Content   string `json:"content"`
	ToolCalls []call `json:"tool_calls"`
	Images    []struct {
		ImageURL struct {
			URL string `json:"url"`
		} `json:"image_url"`
	} `json:"images"`
}

type completion struct {
	Model    string           `json:"model"`
	Stream   bool             `json:"stream"`
	Messages []message        `json:"messages"`
	Tools    []toolDefinition `json:"tools,omitempty"`
}

func newModel(upstream string) *model {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// With the default of 2 idle connections, nearly every request under load would open a new one.
	transport.MaxIdleConnsPerHost = 1024
	transport.MaxIdleConns = 1024
	return &model{
		url:    strings.TrimSuffix(upstream, "/") + "/v1/chat/completions",
		client: &http.Client{Transport: transport},
	}
}

// Ask starts a completion. The end of ctx cancels it.
func (m *model) ask(ctx context.Context, messages []message, tools []toolDefinition) (*deltas, error) {
	body, err := json.Marshal(completion{Model: "stub", Stream: true, Messages: messages, Tools: tools})
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
	return &deltas{body: response.Body}, nil
}

// The deltas of one completion.
type deltas struct {
	body io.ReadCloser
}

// The longest line has an image.
const longestLine = 16 << 20

// Each calls yield with every delta. It reads to the end of the body, so that the connection can be
// reused.
func (d *deltas) each(yield func(delta) error) error {
	defer d.body.Close()
	done := false
	lines := bufio.NewScanner(d.body)
	lines.Buffer(nil, longestLine)
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
		delta, err := parseDelta(data)
		if err != nil {
			return err
		}
		if err := yield(delta); err != nil {
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

func parseDelta(data string) (delta, error) {
	var chunk struct {
		Choices []struct {
			Delta delta `json:"delta"`
		} `json:"choices"`
	}
	if err := json.Unmarshal([]byte(data), &chunk); err != nil {
		return delta{}, fmt.Errorf("the model sent what is not JSON: %w", err)
	}
	if len(chunk.Choices) == 0 {
		return delta{}, nil
	}
	return chunk.Choices[0].Delta, nil
}
