// Package servertest holds a server to its OpenAPI document: a client that validates
// every request and every answer that goes through it.
package servertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/mfaflow/mfaflow/server"
)

// Client returns a client for a server of mfaflow. It fails t when
//   - an answer is not what the document says: status, headers, body;
//   - a request that the document refuses is answered with success;
//   - a path that the document does not have is answered with anything but a 404 or 405;
//   - an answer lacks a security header.
//
// The embedded PingOne API has documents of its own: its paths pass unchecked. Redirects
// are not followed.
func Client(t testing.TB) *http.Client {
	t.Helper()
	d, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     &checked{t: t, next: transport, described: d},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// described is the document and its router. Neither is written to after loading.
type described struct {
	doc    *openapi3.T
	router routers.Router
}

// loaded reads the document once a process: it takes longer than most tests.
var loaded = sync.OnceValues(func() (described, error) {
	doc, err := Document()
	if err != nil {
		return described{}, err
	}
	doc.Servers = nil // any: the router compares with whole URLs
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return described{}, fmt.Errorf("the OpenAPI document: %w", err)
	}
	return described{doc, router}, nil
})

// Document loads and validates the OpenAPI document of the server.
func Document() (*openapi3.T, error) {
	registerTexts()
	doc, err := openapi3.NewLoader().LoadFromData(server.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("load the OpenAPI document: %w", err)
	}
	return doc, doc.Validate(context.Background())
}

// registerTexts tells kin-openapi which media types of the document are plain texts. It
// knows them per process only.
var registerTexts = sync.OnceFunc(func() {
	for _, kind := range []string{"application/yaml", "text/vnd.mermaid", "text/html"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.PlainBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("application/schema+json", openapi3filter.JSONBodyDecoder)
})

var pingOnePath = regexp.MustCompile(`^(/v1/environments)?/[0-9a-f]{8}-[0-9a-f-]{27}(/|$)`)

type checked struct {
	described

	t    testing.TB
	next http.RoundTripper
}

// RoundTrip sends r and checks both directions.
func (c *checked) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper must not change its request
	sent, err := drain(&r.Body)
	if err != nil {
		return nil, err
	}
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := drain(&resp.Body)
	if err != nil {
		return nil, err
	}
	c.checkHeaders(r, resp)
	if pingOnePath.MatchString(r.URL.EscapedPath()) {
		return resp, nil
	}
	if err := c.check(r, sent, resp, got); err != nil {
		c.t.Errorf("%s %s -> %d: %v\nsent: %.500s\ngot: %.2000s", r.Method, r.URL, resp.StatusCode, err, sent, got)
	}
	return resp, nil
}

// drain reads a body that stays readable.
func drain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil || *body == http.NoBody {
		return nil, nil
	}
	b, err := io.ReadAll(*body)
	if err != nil {
		return nil, err
	}
	err = (*body).Close()
	*body = io.NopCloser(bytes.NewReader(b))
	return b, err
}

func (c *checked) checkHeaders(r *http.Request, resp *http.Response) {
	want := map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                "no-store",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Access-Control-Allow-Origin":  "",
	}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			c.t.Errorf("%s %s: header %s is %q, want %q", r.Method, r.URL, name, got, value)
		}
	}
}

func (c *checked) check(r *http.Request, sent []byte, resp *http.Response, got []byte) error {
	in := r.Clone(r.Context())
	if in.Method == http.MethodHead {
		in.Method = http.MethodGet
	}
	route, params, err := c.router.FindRoute(in)
	if err != nil || unrouted(route, resp.StatusCode) {
		return c.checkUnknown(r, resp, got)
	}
	if len(sent) > 0 {
		in.Body = io.NopCloser(bytes.NewReader(sent))
	}
	options := &openapi3filter.Options{
		AuthenticationFunc:                authenticated,
		IncludeResponseStatus:             true,
		RejectWhenRequestBodyNotSpecified: true,
		SkipSettingDefaults:               true,
	}
	request := &openapi3filter.RequestValidationInput{Request: in, PathParams: params, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(in.Context(), request); err != nil && resp.StatusCode < 400 {
		return fmt.Errorf("success for a request that the document refuses: %w", err)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	return openapi3filter.ValidateResponse(in.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(got)), Options: options,
	})
}

// unrouted says that the server did not find what the document's more lenient router
// did: another spelling of a path, or a route that only other options switch on.
func unrouted(route *routers.Route, status int) bool {
	return (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) && route.Operation.Responses.Status(status) == nil
}

// checkUnknown holds the answer for a path or method that the document lacks: a problem
// that says so, or echo's answer to OPTIONS.
func (c *checked) checkUnknown(r *http.Request, resp *http.Response, got []byte) error {
	switch {
	case r.Method == http.MethodOptions && resp.StatusCode == http.StatusNoContent:
		return nil
	case resp.StatusCode == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == "":
		return errors.New("405 without Allow")
	case resp.StatusCode < 400:
		return errors.New("the document does not have this")
	}
	if kind := resp.Header.Get("Content-Type"); kind != "application/problem+json" {
		return fmt.Errorf("content type %q", kind)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	v, err := openapi3filter.JSONBodyDecoder(bytes.NewReader(got), nil, nil, nil)
	if err != nil {
		return err
	}
	return c.doc.Components.Schemas["Problem"].Value.VisitJSON(v, openapi3.EnableJSONSchema2020())
}

// authenticated wants the credential that the operation names to be there; whether it is
// right is the server's to say.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	h := in.RequestValidationInput.Request.Header
	there := h.Get("Execution-Handle") != ""
	if in.SecuritySchemeName == "management" {
		there = h.Get("Authorization") != ""
	}
	if !there {
		return in.NewError(errors.New("no credential"))
	}
	return nil
}
