package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Handler answers one call inside its unit of work. It returns a Reply, a *Problem for
// a refusal, or another error when the store gave none.
type Handler func(c *Call) (Reply, error)

// Route is one line of the table. A segment of Path that begins with ":" is a
// parameter. Media is the operation of a vendor media type ("otp.check"), or "" for
// application/json.
type Route struct {
	Host   pingone.Host
	Method string
	Path   string
	Media  string
	Run    Handler
}

// Table finds routes. Build it with NewTable.
type Table struct{ rows []row }

type row struct {
	Route
	segments []string
	media    string
}

// NewTable splits the patterns once. It panics on two equal routes: that is a mistake
// of the program.
func NewTable(routes ...Route) Table {
	var t Table
	for _, r := range routes {
		n := row{Route: r}
		if r.Path != "" {
			n.segments = strings.Split(r.Path, "/")
		}
		if r.Media != "" {
			n.media = strings.ToLower(pingone.MediaType(r.Media))
		}
		for _, o := range t.rows {
			if o.Host == n.Host && o.Method == n.Method && o.Path == n.Path && o.media == n.media {
				panic("two routes " + n.Method + " " + n.Path + " " + n.Media)
			}
		}
		t.rows = append(t.rows, n)
	}
	return t
}

// Routes returns the table's lines, in order.
func (t Table) Routes() []Route {
	out := make([]Route, len(t.rows))
	for i, r := range t.rows {
		out[i] = r.Route
	}
	return out
}

// Find returns the route for a request and the values of its parameters, or the
// problem 404, 405 (with Allow) or 415. Media types are compared case-insensitively,
// parameters ignored; a GET's is not looked at.
func (t Table) Find(host pingone.Host, method string, path []string, mediaType string) (Handler, map[string]string, *Problem) {
	var onMethod []row
	for _, r := range t.rowsAt(host, path) {
		if r.Method == method {
			onMethod = append(onMethod, r)
		}
	}
	if len(onMethod) > 0 {
		return pick(onMethod, method, path, mediaType)
	}
	allow := t.Allow(host, path)
	if allow == "" {
		return nil, nil, Missing()
	}
	return nil, nil, NotAllowed(allow)
}

// Allow is the header Allow of a path, "" if nothing is there. Whatever answers GET answers
// HEAD, and every path OPTIONS.
func (t Table) Allow(host pingone.Host, path []string) string {
	rows := t.rowsAt(host, path)
	if len(rows) == 0 {
		return ""
	}
	methods := []string{http.MethodOptions}
	for _, r := range rows {
		methods = append(methods, r.Method)
		if r.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ", ")
}

func (t Table) rowsAt(host pingone.Host, path []string) []row {
	var out []row
	for _, r := range t.rows {
		if r.Host == host && r.matches(path) {
			out = append(out, r)
		}
	}
	return out
}

func pick(rows []row, method string, path []string, mediaType string) (Handler, map[string]string, *Problem) {
	want := normal(mediaType)
	i := rowOfMedia(rows, want)
	if i < 0 && mayLackMedia(method, want) {
		i = rowOfMedia(rows, "")
	}
	if i < 0 {
		return nil, nil, Plain(http.StatusUnsupportedMediaType, InvalidRequest,
			"The request could not be completed. The content type is not supported here.")
	}
	return rows[i].Run, rows[i].params(path), nil
}

// rowOfMedia finds the row of a media type, -1 if there is none.
func rowOfMedia(rows []row, media string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.media == media })
}

// mayLackMedia reports whether a request's media type may be overlooked: that of a GET
// always, that of a DELETE unless it names an operation.
func mayLackMedia(method, media string) bool {
	return method == http.MethodGet || method == http.MethodDelete && !strings.Contains(media, "vnd.pingidentity")
}

// normal lowers a media type, drops its parameters, and calls application/json "".
func normal(mediaType string) string {
	m, _, _ := strings.Cut(mediaType, ";")
	m = strings.ToLower(strings.TrimSpace(m))
	if m == "application/json" {
		return ""
	}
	return m
}

func (r row) matches(path []string) bool {
	if len(path) != len(r.segments) {
		return false
	}
	for i, s := range r.segments {
		if s != path[i] && !strings.HasPrefix(s, ":") {
			return false
		}
	}
	return true
}

func (r row) params(path []string) map[string]string {
	out := map[string]string{}
	for i, s := range r.segments {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			out[name] = path[i]
		}
	}
	return out
}
