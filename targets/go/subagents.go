package main

import "context"

const (
	planning    = "You plan. Delegate, then sum up."
	researching = "You research. Search first, then answer."
)

type task struct {
	Task string `json:"task"`
}

type report struct {
	Answer string `json:"answer"`
}

// SubAgents answers POST /sub-agents: a planner whose tool runs a sub-agent.
func subAgents(model *model) answer {
	tools := []tool{delegate(model)}
	return func(ctx context.Context, body []byte) (events, error) {
		var request chatRequest
		if err := read(body, &request, map[string]*string{"message": &request.Message}); err != nil {
			return nil, err
		}
		c := &conversation{model, tools, []message{{Role: "system", Content: planning}, user(request.Message)}}
		first, err := c.ask(ctx)
		if err != nil {
			return nil, err
		}
		return func(emit emit) error {
			_, err := c.loop(ctx, first, emit)
			return err
		}, nil
	}
}

func delegate(model *model) tool {
	parameters := map[string]string{"task": "string"}
	run := func(ctx context.Context, data []byte, emit emit) (any, error) {
		task, err := arguments[task](data, parameters)
		if err != nil {
			return nil, err
		}
		c := &conversation{model, []tool{search}, []message{{Role: "system", Content: researching}, user(task.Task)}}
		first, err := c.ask(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := c.loop(ctx, first, signed(emit, task.Task))
		return report{answer}, err
	}
	return tool{"delegate", "Gives a task to a researcher", parameters, run}
}

// Signed returns an emitter that adds the agent's task to events.
func signed(to emit, agent string) emit {
	return func(event event) error {
		event["agent"] = agent
		return to(event)
	}
}
