package main

import (
	"bytes"
	"io"
	"net/http"
)

// Eino's client closes a response at [DONE], before the end of the body has arrived. The connection
// could then not be reused. So this reader holds [DONE] back until the end of the body.
type untilEnd struct{ http.RoundTripper }

func (t untilEnd) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(request)
	if err == nil {
		response.Body = &answer{ReadCloser: response.Body}
	}
	return response, err
}

type answer struct {
	io.ReadCloser
	// The last bytes read, because [DONE] may arrive in two parts.
	tail []byte
}

var done = []byte("data: [DONE]")

func (a *answer) Read(to []byte) (int, error) {
	n, err := a.ReadCloser.Read(to)
	a.tail = append(a.tail, to[:n]...)
	if err == nil && bytes.Contains(a.tail, done) {
		_, err = io.Copy(io.Discard, a.ReadCloser)
	}
	a.tail = a.tail[max(0, len(a.tail)-len(done)):]
	return n, err
}
