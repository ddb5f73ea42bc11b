package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/cloudwego/eino/adk"
	"github.com/cloudwego/eino/components/tool"
	"github.com/cloudwego/eino/components/tool/utils"
	"github.com/cloudwego/eino/compose"
)

type place struct {
	City string `json:"city" jsonschema:"required"`
}

type weather struct {
	City    string `json:"city"`
	Celsius int    `json:"celsius"`
}

type clock struct {
	City string `json:"city"`
	Time string `json:"time"`
}

type query struct {
	Query string `json:"query" jsonschema:"required"`
}

type found struct {
	Query   string   `json:"query"`
	Results []string `json:"results"`
}

type numbers struct {
	A float64 `json:"a" jsonschema:"required"`
	B float64 `json:"b" jsonschema:"required"`
}

type sum struct {
	Sum float64 `json:"sum"`
}

// A tool that waits as long as a fast service would take.
func service[In, Out any](name, description string, wait time.Duration, answer func(In) Out) (tool.BaseTool, error) {
	return utils.InferTool(name, description, func(ctx context.Context, in In) (out Out, err error) {
		if field := missing(in); field != "" {
			return out, fmt.Errorf("%s needs %s", name, field)
		}
		select {
		case <-time.After(wait):
			return answer(in), nil
		case <-ctx.Done():
			return out, ctx.Err()
		}
	})
}

// Eino treats a missing field like an empty one.
func missing(in any) string {
	value := reflect.ValueOf(in)
	for at := range value.NumField() {
		if field := value.Field(at); field.Kind() == reflect.String && field.IsZero() {
			return strings.ToLower(value.Type().Field(at).Name)
		}
	}
	return ""
}

func newSearch() (tool.BaseTool, error) {
	return service("search", "Searches the web", 8*time.Millisecond, func(in query) found {
		all := found{Query: in.Query}
		for n := 1; n <= 3; n++ {
			all.Results = append(all.Results, fmt.Sprintf("%s %d", in.Query, n))
		}
		return all
	})
}

// The tools that the model may call.
func newTools() ([]tool.BaseTool, error) {
	getWeather, weatherErr := service("get_weather", "The weather in a city", 5*time.Millisecond,
		func(in place) weather { return weather{in.City, 21} })
	getTime, timeErr := service("get_time", "The time in a city", 3*time.Millisecond,
		func(in place) clock { return clock{in.City, "12:00"} })
	search, searchErr := newSearch()
	add, addErr := service("add", "Adds two numbers", 2*time.Millisecond,
		func(in numbers) sum { return sum{in.A + in.B} })
	return []tool.BaseTool{getWeather, getTime, search, add}, errors.Join(weatherErr, timeErr, searchErr, addErr)
}

// The tool settings of an agent. By default, Eino would end the run on a failed call; here the
// model gets the error.
func toolsConfig(tools []tool.BaseTool) adk.ToolsConfig {
	return adk.ToolsConfig{ToolsNodeConfig: compose.ToolsNodeConfig{
		Tools: tools,
		UnknownToolsHandler: func(_ context.Context, name, _ string) (string, error) {
			return mistake(noTool(name))
		},
		ToolCallMiddlewares: []compose.ToolMiddleware{{Invokable: tellMistakes}},
	}}
}

func noTool(name string) error { return fmt.Errorf("there is no tool %s", name) }

func tellMistakes(next compose.InvokableToolEndpoint) compose.InvokableToolEndpoint {
	return func(ctx context.Context, input *compose.ToolInput) (*compose.ToolOutput, error) {
		output, err := next(ctx, input)
		if err == nil || ctx.Err() != nil {
			return output, err
		}
		text, err := mistake(err)
		return &compose.ToolOutput{Result: text}, err
	}
}

func mistake(err error) (string, error) {
	text, err := json.Marshal(map[string]string{"error": err.Error()})
	return string(text), err
}
