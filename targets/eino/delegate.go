package main

import (
	"context"

	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/components/tool"
	"github.com/cloudwego/eino/components/tool/utils"
)

type task struct {
	Task string `json:"task" jsonschema:"required"`
}

type report struct {
	Answer string `json:"answer"`
}

// The request that a tool works for, kept in its context.
type surroundings struct {
	stream *stream
	end    context.CancelCauseFunc
}

type surroundingsKey struct{}

func withSurroundings(ctx context.Context, to *stream, end context.CancelCauseFunc) context.Context {
	return context.WithValue(ctx, surroundingsKey{}, surroundings{to, end})
}

// The planner's tool, which runs a sub-agent. Eino's agent tool sends the events of sub-agents one
// after the other, without their task. So this tool runs the sub-agents itself.
func newDelegate(researcher *adk.Runner) (tool.BaseTool, error) {
	return utils.InferTool("delegate", "Gives a task to a researcher", func(ctx context.Context, in task) (report, error) {
		request := ctx.Value(surroundingsKey{}).(surroundings)
		own := request.stream.of(in.Task)
		if err := own.forward(ctx, researcher.Query(ctx, in.Task)); err != nil {
			// The first failure ends all sub-agents.
			request.end(err)
			return report{}, err
		}
		return report{own.answer}, nil
	})
}
