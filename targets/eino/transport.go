package main

import (
	"bytes"
	"io"
	"net/http"
)

// Eino's client closes an answer at [DONE], when the end of the body may still be on its way; the connection could then
// not be used again. So [DONE] is passed on when the end has come too.
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
	// The last bytes that were read, as [DONE] may come in two parts.
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
