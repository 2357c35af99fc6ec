package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// exchange is a request as it must come, decoded, and what is answered.
type exchange struct {
	request  map[string]any
	response *response
}

type response struct {
	Status int               `json:"status"`
	Header map[string]string `json:"headers"`
	Body   json.RawMessage   `json:"body"`
	Error  string            `json:"error"` // no answer came
}

// tape is a pingone.API that answers a fixture's exchanges in order. It is for one run.
type tape struct {
	exchanges []exchange
	asked     int
	wrong     error // the first request that was not the one on file
}

// Do answers the next exchange if req is its request.
func (t *tape) Do(_ context.Context, req pingone.Request) (pingone.Response, error) {
	got, err := describe(req)
	if err != nil {
		return pingone.Response{}, err // a bad path: the request never leaves
	}
	t.asked++
	if t.asked > len(t.exchanges) {
		t.refuse(fmt.Errorf("request %d is not on file:\n%s", t.asked, pretty(got)))
		return pingone.Response{}, t.wrong
	}
	e := t.exchanges[t.asked-1]
	if diff := cmp.Diff(e.request, got); diff != "" {
		t.refuse(fmt.Errorf("request %d differs (-on file +got)\n%s", t.asked, diff))
	}
	return e.response.answer()
}

func (t *tape) refuse(err error) {
	if t.wrong == nil {
		t.wrong = err
	}
}

// finish reports a wrong request, or exchanges that were not used.
func (t *tape) finish() error {
	if t.wrong == nil && t.asked < len(t.exchanges) {
		return fmt.Errorf("%d of %d requests were made", t.asked, len(t.exchanges))
	}
	return t.wrong
}

func (r *response) answer() (pingone.Response, error) {
	switch r.Error {
	case "":
	case "timeout":
		return pingone.Response{}, fmt.Errorf("call: %w", context.DeadlineExceeded)
	default:
		return pingone.Response{}, errors.New(r.Error)
	}
	h := http.Header{}
	for k, v := range r.Header {
		h.Set(k, v)
	}
	return pingone.Response{Status: r.Status, Header: h, Body: r.Body}, nil
}

// describe writes a request as fixtures do: what is at its default is left out.
func describe(req pingone.Request) (map[string]any, error) {
	escaped, err := req.Path.Escape()
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	d := map[string]any{"method": req.Method, "path": escaped}
	if req.Host == pingone.HostAuth {
		d["host"] = "auth"
	}
	if len(req.Query) > 0 {
		q := map[string]any{}
		for k := range req.Query {
			q[k] = req.Query.Get(k)
		}
		d["query"] = q
	}
	if req.MediaType != "" {
		d["mediaType"] = req.MediaType
	}
	if len(req.Header) > 0 {
		h := map[string]any{}
		for k := range req.Header {
			h[k] = req.Header.Get(k)
		}
		d["headers"] = h
	}
	if req.Body == nil {
		return d, nil
	}
	if d["body"], err = plain(req.Body); err != nil {
		return nil, err
	}
	return d, nil
}

// plain is v as encoding/json would read it back.
func plain(v any) (any, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var out any
	if err := json.Unmarshal(doc, &out); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return out, nil
}
