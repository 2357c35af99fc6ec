package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
)

// Call is one request inside its unit of work.
type Call struct {
	Ctx    context.Context
	DB     *store.DB
	Tx     *store.Tx
	Env    string // environment id, the first segment of every key
	Links  Links
	Method string
	Target string // path and query below the base URL, as they were sent
	Params map[string]string
	Query  url.Values
	Header http.Header
	Body   []byte
	Actor  string // who asks, for the audit
}

// Reply is a handler's answer. A nil Body sends none.
type Reply struct {
	Status int
	Body   any
	Header http.Header // beside those that every answer has; may be nil
}

// WithEpoch adds the header that tells the epoch of a user's credentials.
func (r Reply) WithEpoch(stamp string) Reply {
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(pingone.CredentialEpoch, stamp)
	r.Header = header
	return r
}

// OK replies 200.
func OK(body any) (Reply, error) { return Reply{Status: http.StatusOK, Body: body}, nil }

// Created replies 201.
func Created(body any) (Reply, error) { return Reply{Status: http.StatusCreated, Body: body}, nil }

// Gone replies 204.
func Gone() (Reply, error) { return Reply{Status: http.StatusNoContent}, nil }

// ID returns the path parameter name if it has the shape of an id. Anything else could
// leave its place in a key, and cannot exist: 404.
func (c *Call) ID(name string) (string, error) {
	if id := c.Params[name]; IsID(id) {
		return id, nil
	}
	return "", Missing()
}

// IsID reports whether s has the shape of an id: 36 characters of 0-9, a-f and "-".
// Ids need not be valid UUIDs (reference pingone-mfa-api 2.2).
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for _, r := range []byte(s) {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r == '-') {
			return false
		}
	}
	return true
}

// Decode reads the body into v. An absent body, "null" and "{}" are the same. Names are
// case-sensitive, unknown ones are ignored, of duplicates the last one counts.
func (c *Call) Decode(v any) error {
	b := bytes.TrimSpace(c.Body)
	if len(b) == 0 || string(b) == "null" {
		return nil
	}
	err := DecodeExact(b, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Field != "":
		return Invalid(target(wrong.Field), "must be of type "+typeName(wrong))
	default:
		return Plain(http.StatusBadRequest, InvalidRequest,
			"The request could not be completed. The request was invalid: the body is not a JSON object.")
	}
}

// DecodeExact is json.Unmarshal, but that names of members are case-sensitive.
func DecodeExact(b []byte, v any) error {
	var whole json.RawMessage
	if err := json.Unmarshal(b, &whole); err != nil {
		return err
	}
	whole, err := exact(whole, reflect.TypeOf(v))
	if err != nil {
		return err
	}
	return json.Unmarshal(whole, v)
}

// target drops the names of Go's embedded structs from the path of a member.
func target(field string) string {
	parts := strings.Split(field, ".")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p != "" && p[0] >= 'A' && p[0] <= 'Z' }), ".")
}

func typeName(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind().String() {
	case "string":
		return "string"
	case "bool":
		return "boolean"
	case "slice", "array":
		return "array"
	case "struct", "map":
		return "object"
	}
	return "number"
}

// Key builds a key below the environment.
func (c *Call) Key(segments ...string) store.Key {
	return store.K(append([]string{c.Env}, segments...)...)
}
