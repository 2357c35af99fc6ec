package rest

import (
	"strings"
	"time"
)

// Link is a HAL link.
type Link struct {
	Href string `json:"href"`
}

// LinkSet is the _links member of a resource.
type LinkSet map[string]Link

// Ref is a reference to a resource by id.
type Ref struct {
	ID string `json:"id"`
}

// Links builds absolute hrefs: PingOne's API host below BASE/v1/environments/{env},
// its auth host below BASE/{env}.
type Links struct{ root, api, auth string }

// NewLinks takes the base URL, with or without a trailing slash, and the environment.
func NewLinks(base, env string) Links {
	base = strings.TrimRight(base, "/")
	return Links{root: base, api: base + "/v1/environments/" + env, auth: base + "/" + env}
}

// Root is the base URL, without a slash at its end.
func (l Links) Root() string { return l.root }

// API is a link on the API host. Segments are ids and fixed words: nothing to escape.
func (l Links) API(segments ...string) Link { return join(l.api, segments) }

// Auth is a link on the auth host.
func (l Links) Auth(segments ...string) Link { return join(l.auth, segments) }

func join(base string, segments []string) Link {
	return Link{Href: strings.Join(append([]string{base}, segments...), "/")}
}

// Time is PingOne's time: RFC 3339, UTC, milliseconds.
type Time struct{ time.Time }

const layout = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the time as PingOne does.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(layout) + `"`), nil
}

// At wraps a time; the zero time gives nil, which omitempty leaves out.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// UnmarshalJSON reads a time of that shape.
func (t *Time) UnmarshalJSON(b []byte) error { return t.Time.UnmarshalJSON(b) }
