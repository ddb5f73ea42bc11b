package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// A tool that the model may call.
type tool struct {
	name        string
	description string
	// Types of the parameters, which are all required.
	parameters map[string]string
	// Run returns the result for the model. Its events go to the client.
	run func(ctx context.Context, arguments []byte, emit emit) (any, error)
}

// A toolDefinition is a tool in the API's format.
type toolDefinition struct {
	Type     string         `json:"type"`
	Function map[string]any `json:"function"`
}

func definitions(tools []tool) []toolDefinition {
	var definitions []toolDefinition
	for _, tool := range tools {
		properties, required := map[string]any{}, []string{}
		for name, kind := range tool.parameters {
			properties[name] = map[string]string{"type": kind}
			required = append(required, name)
		}
		schema := map[string]any{"type": "object", "properties": properties, "required": required}
		definitions = append(definitions, toolDefinition{"function", map[string]any{
			"name": tool.name, "description": tool.description, "parameters": schema,
		}})
	}
	return definitions
}

// ErrArguments marks invalid arguments. The model gets the error, and may try again.
type errArguments struct{ error }

// Arguments parses the arguments of a call. All fields are required.
func arguments[T any](data []byte, parameters map[string]string) (T, error) {
	var given map[string]json.RawMessage
	var arguments T
	err := json.Unmarshal(data, &given)
	for name, kind := range parameters {
		if _, ok := given[name]; err == nil && !ok {
			err = fmt.Errorf("%s is missing, a %s", name, kind)
		}
	}
	if err == nil {
		err = json.Unmarshal(data, &arguments)
	}
	if err != nil {
		return arguments, errArguments{err}
	}
	return arguments, nil
}

// Service is a tool that waits as long as a fast service would take.
func service[T any](name, description string, parameters map[string]string, wait time.Duration, answer func(T) any) tool {
	run := func(ctx context.Context, data []byte, _ emit) (any, error) {
		arguments, err := arguments[T](data, parameters)
		if err != nil {
			return nil, err
		}
		select {
		case <-time.After(wait):
			return answer(arguments), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return tool{name, description, parameters, run}
}

type place struct {
	City string `json:"city"`
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
	Query string `json:"query"`
}

type hits struct {
	Query   string    `json:"query"`
	Results [3]string `json:"results"`
}

type summands struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

type sum struct {
	Sum float64 `json:"sum"`
}

var search = service("search", "Searches the web", map[string]string{"query": "string"}, 8*time.Millisecond,
	func(query query) any {
		text := query.Query
		return hits{text, [3]string{text + " 1", text + " 2", text + " 3"}}
	})

var allTools = []tool{
	service("get_weather", "The weather in a city", map[string]string{"city": "string"}, 5*time.Millisecond,
		func(place place) any { return weather{place.City, 21} }),
	service("get_time", "The time in a city", map[string]string{"city": "string"}, 3*time.Millisecond,
		func(place place) any { return clock{place.City, "12:00"} }),
	search,
	service("add", "Adds two numbers", map[string]string{"a": "number", "b": "number"}, 2*time.Millisecond,
		func(summands summands) any { return sum{summands.A + summands.B} }),
}
