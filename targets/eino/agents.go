package main

import (
	"context"
	"net/http"

	"github.com/cloudwego/eino-ext/components/model/openai"
	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/schema"
)

// The agents that the routes run.
type agents struct {
	talker *adk.Runner
}

func newAgents(ctx context.Context, upstream string) (*agents, error) {
	model, err := newModel(ctx, upstream)
	if err != nil {
		return nil, err
	}
	talker, err := adk.NewChatModelAgent(ctx, &adk.ChatModelAgentConfig{
		Name: "talker", Description: "answers", Model: model,
	})
	if err != nil {
		return nil, err
	}
	return &agents{talker: runner(ctx, talker)}, nil
}

func runner(ctx context.Context, agent adk.Agent) *adk.Runner {
	return adk.NewRunner(ctx, adk.RunnerConfig{Agent: agent, EnableStreaming: true})
}

func newModel(ctx context.Context, upstream string) (*openai.ChatModel, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// The default of 2 would open a new connection for nearly every request under load.
	transport.MaxIdleConnsPerHost = 1024
	transport.MaxIdleConns = 1024
	return openai.NewChatModel(ctx, &openai.ChatModelConfig{
		BaseURL:    upstream + "/v1",
		APIKey:     "none",
		Model:      "stub",
		HTTPClient: &http.Client{Transport: transport},
	})
}

func (a *agents) chat(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Message string `json:"message"`
	}
	if !read(w, r, &request) || !given(w, "message", request.Message) {
		return
	}
	answer(w, a.talker.Query(r.Context(), request.Message))
}

// Tell writes what an event of an agent has to tell.
func tell(to *stream, output *adk.MessageVariant) error {
	if !output.IsStreaming {
		return message(to, output.Message)
	}
	defer output.MessageStream.Close()
	return to.each(output.MessageStream)
}

func message(to *stream, whole *schema.Message) error {
	if whole.Role == schema.Assistant && whole.Content != "" {
		return to.send(map[string]any{"content": whole.Content})
	}
	return nil
}
