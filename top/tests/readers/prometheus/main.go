// Reads Prometheus's binary form by the parser of its server, and writes the metrics as JSON.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

const contentType = "application/vnd.google.protobuf; " +
	"proto=io.prometheus.client.MetricFamily; encoding=delimited"

type sample struct {
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
}

type native struct {
	Labels        map[string]string `json:"labels"`
	Count         uint64            `json:"count"`
	Sum           float64           `json:"sum"`
	Schema        int32             `json:"schema"`
	ZeroThreshold float64           `json:"zero_threshold"`
	ZeroCount     uint64            `json:"zero_count"`
	// Lower bound, upper bound, count.
	Buckets [][3]float64 `json:"buckets"`
}

type family struct {
	Type       string   `json:"type"`
	Samples    []sample `json:"samples,omitempty"`
	Histograms []native `json:"histograms,omitempty"`
}

func main() {
	page, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	found, err := read(page)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func read(page []byte) (map[string]*family, error) {
	table := labels.NewSymbolTable()
	parser, err := textparse.New(page, contentType, table, textparse.ParserOptions{})
	if err != nil {
		return nil, err
	}
	found := map[string]*family{}
	var last *family
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		var own labels.Labels
		switch entry {
		case textparse.EntryType:
			name, kind := parser.Type()
			last = &family{Type: string(kind)}
			found[string(name)] = last
		case textparse.EntrySeries:
			_, _, value := parser.Series()
			parser.Labels(&own)
			last.Samples = append(last.Samples, sample{own.Map(), value})
		case textparse.EntryHistogram:
			_, _, whole, _ := parser.Histogram()
			parser.Labels(&own)
			if err := whole.Validate(); err != nil {
				return nil, err
			}
			last.Histograms = append(last.Histograms, nativeOf(whole, own))
		}
	}
}

func nativeOf(whole *histogram.Histogram, own labels.Labels) native {
	buckets := [][3]float64{}
	for each := whole.PositiveBucketIterator(); each.Next(); {
		bucket := each.At()
		buckets = append(buckets, [3]float64{bucket.Lower, bucket.Upper, float64(bucket.Count)})
	}
	return native{
		Labels:        own.Map(),
		Count:         whole.Count,
		Sum:           whole.Sum,
		Schema:        whole.Schema,
		ZeroThreshold: whole.ZeroThreshold,
		ZeroCount:     whole.ZeroCount,
		Buckets:       buckets,
	}
}
