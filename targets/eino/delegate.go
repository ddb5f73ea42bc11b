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

// What a tool has to know of the request that it works for.
type surroundings struct {
	stream *stream
	end    context.CancelCauseFunc
}

type surroundingsKey struct{}

func withSurroundings(ctx context.Context, to *stream, end context.CancelCauseFunc) context.Context {
	return context.WithValue(ctx, surroundingsKey{}, surroundings{to, end})
}

// The planner's tool, which is an agent itself. Eino's own agent tool passes on one sub-agent's events after the other,
// and does not say whose task they are about; so each is run here.
func newDelegate(researcher *adk.Runner) (tool.BaseTool, error) {
	return utils.InferTool("delegate", "Gives a task to a researcher", func(ctx context.Context, in task) (report, error) {
		request := ctx.Value(surroundingsKey{}).(surroundings)
		own := request.stream.of(in.Task)
		if err := own.tell(ctx, researcher.Query(ctx, in.Task)); err != nil {
			// One that fails ends all.
			request.end(err)
			return report{}, err
		}
		return report{own.answer}, nil
	})
}
