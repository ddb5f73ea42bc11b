package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Bytes of an image per event.
const partSize = 48 << 10

type imageRequest struct {
	Message string `json:"message"`
	Image   string `json:"image"`
}

type imagePart struct {
	Type  string `json:"type"`
	Part  int    `json:"part"`
	Parts int    `json:"parts"`
	Data  string `json:"data"`
}

// Multimodal answers POST /multimodal: takes an image, and sends the model's text and images.
func multimodal(model *model) answer {
	return func(ctx context.Context, body []byte) (events, error) {
		var request imageRequest
		fields := map[string]*string{"message": &request.Message, "image": &request.Image}
		if err := read(body, &request, fields); err != nil {
			return nil, err
		}
		if _, _, err := decodeImage(request.Image); err != nil {
			return nil, fmt.Errorf("%w: \"image\": %w", errBadRequest, err)
		}
		parts := []map[string]any{
			{"type": "text", "text": request.Message},
			{"type": "image_url", "image_url": map[string]string{"url": request.Image}},
		}
		deltas, err := model.ask(ctx, []message{{Role: "user", Content: parts}}, nil)
		if err != nil {
			return nil, err
		}
		return func(emit emit) error {
			return deltas.each(func(delta delta) error { return show(delta, emit) })
		}, nil
	}
}

func show(delta delta, emit emit) error {
	if delta.Content != "" {
		if err := emit(event{"content": delta.Content}); err != nil {
			return err
		}
	}
	for _, image := range delta.Images {
		if err := showImage(image.ImageURL.URL, emit); err != nil {
			return err
		}
	}
	return nil
}

func showImage(url string, emit emit) error {
	kind, image, err := decodeImage(url)
	if err != nil {
		return fmt.Errorf("the model sent a broken image: %w", err)
	}
	parts := (len(image) + partSize - 1) / partSize
	for part := range parts {
		piece := image[part*partSize : min((part+1)*partSize, len(image))]
		data := base64.StdEncoding.EncodeToString(piece)
		if err := emit(event{"image": imagePart{kind, part, parts, data}}); err != nil {
			return err
		}
	}
	return nil
}

// DecodeImage returns the media type and the content of an image's data: URL.
func decodeImage(url string) (string, []byte, error) {
	head, data, ok := strings.Cut(url, ",")
	kind, isBase64 := strings.CutSuffix(strings.TrimPrefix(head, "data:"), ";base64")
	if !ok || !isBase64 || !strings.HasPrefix(head, "data:image/") {
		return "", nil, errors.New("not the data: URL of an image")
	}
	image, err := base64.StdEncoding.DecodeString(data)
	if err == nil && len(image) == 0 {
		err = errors.New("the image is empty")
	}
	return kind, image, err
}
