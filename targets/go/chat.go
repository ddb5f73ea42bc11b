package main

import "context"

type chatRequest struct {
	Message string `json:"message"`
}

// Chat answers POST /chat: one question, one answer.
func chat(model *model) answer {
	return func(ctx context.Context, body []byte) (events, error) {
		var request chatRequest
		if err := read(body, &request, map[string]*string{"message": &request.Message}); err != nil {
			return nil, err
		}
		deltas, err := model.ask(ctx, []message{user(request.Message)}, nil)
		if err != nil {
			return nil, err
		}
		return func(emit emit) error {
			return deltas.each(func(delta delta) error {
				if delta.Content == "" {
					return nil
				}
				return emit(event{"content": delta.Content})
			})
		}, nil
	}
}
