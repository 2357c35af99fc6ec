package flowtest

import (
	"cmp"
	"context"

	"github.com/mfaflow/mfaflow/engine"
)

// usual is what the server would have seen of every request.
var usual = engine.RequestFacts{IP: "192.0.2.1", UserAgent: "mfaflow test", Origin: "https://mfaflow.example"}

// browserOf is the browser that a step is done in: the one that it names, else the one
// that began the execution. Only starts of tests that say nothing are done in the usual
// one, which is called "".
func (r *running) browserOf(s step) string {
	if s.kind == start {
		return s.browser
	}
	return cmp.Or(s.browser, r.home)
}

// access is what a browser has to show: the handle, if it began the execution.
func (r *running) access(browser string) engine.Access {
	if browser != r.home {
		return engine.Access{}
	}
	return engine.Access{Handle: r.handle}
}

// keep puts the remember-me value of an answer into the browser that got it.
func (r *running) keep(s step, e *engine.Execution) {
	if e != nil && e.DeviceSession != "" {
		r.sessions[r.browserOf(s)] = e.DeviceSession
	}
}

// client computes what the client says of itself: nil if the step does not say, and the
// browser remembers nothing.
func (r *running) client(ctx context.Context, s step) (*engine.ClientFacts, error) {
	kept := r.sessions[r.browserOf(s)]
	if s.client == nil && kept == "" {
		return nil, nil
	}
	facts, err := r.computed(ctx, s, s.client)
	if err != nil {
		return nil, err
	}
	text := func(name string) string { v, _ := facts[name].(string); return v }
	c := &engine.ClientFacts{WebAuthn: text("webauthn"), Locale: text("locale"), DeviceSession: kept}
	if _, says := facts["deviceSession"]; says {
		c.DeviceSession = text("deviceSession")
	}
	return c, nil
}

// request is what the server sees of a step's request, where it differs from facts.
func (r *running) request(ctx context.Context, s step, facts engine.RequestFacts) (engine.RequestFacts, error) {
	seen, err := r.computed(ctx, s, s.request)
	if err != nil {
		return facts, err
	}
	for name, fact := range map[string]*string{"ip": &facts.IP, "userAgent": &facts.UserAgent, "origin": &facts.Origin} {
		if text, ok := seen[name].(string); ok {
			*fact = text
		}
	}
	return facts, nil
}
