package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/cloudwego/eino-ext/components/model/openai"
	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/components/tool"
)

const maxTurns = 20

// The agents behind the routes.
type agents struct {
	chatAgent, helper, planner *adk.Runner
}

func newAgents(ctx context.Context, upstream string) (*agents, error) {
	model, modelErr := newModel(ctx, upstream)
	tools, toolsErr := newTools()
	search, searchErr := newSearch()
	if err := errors.Join(modelErr, toolsErr, searchErr); err != nil {
		return nil, err
	}
	chatAgent, chatErr := newRunner(ctx, model, "", nil)
	helper, helperErr := newRunner(ctx, model, "", tools)
	researcher, researcherErr := newRunner(ctx, model, "You research. Search first, then answer.", []tool.BaseTool{search})
	delegate, delegateErr := newDelegate(researcher)
	planner, plannerErr := newRunner(ctx, model, "You plan. Delegate, then sum up.", []tool.BaseTool{delegate})
	err := errors.Join(chatErr, helperErr, researcherErr, delegateErr, plannerErr)
	return &agents{chatAgent, helper, planner}, err
}

func newRunner(ctx context.Context, model *openai.ChatModel, instruction string, tools []tool.BaseTool) (*adk.Runner, error) {
	agent, err := adk.NewChatModelAgent(ctx, &adk.ChatModelAgentConfig{
		Name:          "agent",
		Description:   "answers",
		Instruction:   instruction,
		Model:         model,
		ToolsConfig:   toolsConfig(tools),
		MaxIterations: maxTurns,
	})
	return adk.NewRunner(ctx, adk.RunnerConfig{Agent: agent, EnableStreaming: true}), err
}

func newModel(ctx context.Context, upstream string) (*openai.ChatModel, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// With the default of 2 idle connections, nearly every request under load would open a new one.
	transport.MaxIdleConnsPerHost = 1024
	transport.MaxIdleConns = 1024
	return openai.NewChatModel(ctx, &openai.ChatModelConfig{
		BaseURL:    upstream + "/v1",
		APIKey:     "none",
		Model:      "stub",
		HTTPClient: &http.Client{Transport: untilEnd{transport}},
	})
}
