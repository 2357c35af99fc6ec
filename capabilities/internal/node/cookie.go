package node

import (
	"net/http"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
)

// Cookies are the cookies that an answer sets, as a Cookie header sends them back; "" for
// none. Names and values are the service's own.
func (a Answer) Cookies() string {
	var pairs []string
	for _, line := range a.setCookies {
		k, err := http.ParseSetCookie(line)
		if err == nil && k.Value != "" && k.MaxAge >= 0 {
			pairs = append(pairs, k.Name+"="+k.Value)
		}
	}
	return strings.Join(pairs, "; ")
}

// Remembered adds the cookies of the answer as deviceSession: the remember-me value that
// the engine gives to the client and to nobody else.
func Remembered() Shape {
	return func(a Answer, done *connector.Complete) { done.Output["deviceSession"] = a.Cookies() }
}

// Browser are the headers by which a browser is known again; nil for none.
func Browser(agent, cookies string) http.Header {
	h := UserAgent(agent)
	if cookies == "" {
		return h
	}
	if h == nil {
		h = http.Header{}
	}
	h.Set("Cookie", cookies)
	return h
}
