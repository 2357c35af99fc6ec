package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

// Limits of what a client says about itself and of names it sends back, in bytes.
const (
	maxLocale = 64
	maxName   = 200 // action
	maxFact   = 512 // User-Agent and Origin are cut there
)

// readStart reads {inputs, client?}. No body at all is a start without inputs.
func (s *Server) readStart(c echo.Context, q *engine.StartRequest) error {
	if c.Request().ContentLength == 0 && c.Request().Header.Get(echo.HeaderContentType) == "" {
		return nil
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := body.only("the body", "inputs", "client"); err != nil {
		return err
	}
	inputs, err := body.object("inputs")
	if err != nil {
		return err
	}
	q.Inputs = inputs
	client, err := readClient(body)
	if client != nil {
		q.Client = *client
	}
	return err
}

func (s *Server) readResume(c echo.Context, q *engine.ResumeRequest) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := body.only("the body", "token", "action", "form", "client"); err != nil {
		return err
	}
	if q.Token, err = body.required("token", maxHandle); err != nil {
		return err
	}
	if q.Action, err = body.required("action", maxName); err != nil {
		return err
	}
	form, err := body.object("form")
	if err != nil {
		return err
	}
	q.Form = form
	q.Client, err = readClient(body)
	return err
}

// readClient reads the client's word about itself, nil if it said nothing.
func readClient(body members) (*engine.ClientFacts, error) {
	o, err := body.object("client")
	if o == nil || err != nil {
		return nil, err
	}
	if err := o.only("client", "webauthn", "locale", "deviceSession"); err != nil {
		return nil, err
	}
	var f engine.ClientFacts
	if f.WebAuthn, err = o.text("webauthn", maxName); err != nil {
		return nil, err
	}
	switch f.WebAuthn {
	case "", "FULL", "SECURITY_KEY_ONLY", "NONE":
	default:
		return nil, refuse(engine.BadRequest, "webauthn must be FULL, SECURITY_KEY_ONLY or NONE")
	}
	if f.Locale, err = o.text("locale", maxLocale); err != nil {
		return nil, err
	}
	if f.DeviceSession, err = o.text("deviceSession", maxHandle); err != nil {
		return nil, err
	}
	return &f, nil
}

// facts are what the server saw of the request. The texts are cut and made UTF-8, for
// they end up in state and audit.
func (s *Server) facts(r *http.Request) engine.RequestFacts {
	return engine.RequestFacts{
		IP:        s.clientIP(r).String(),
		UserAgent: cut(r.UserAgent()),
		Origin:    cut(r.Header.Get("Origin")),
	}
}

func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxFact)], "\uFFFD")
}

// idempotencyKey is the header of that name: one, of printable ASCII. Its length is the
// engine's to check.
func idempotencyKey(r *http.Request) (string, error) {
	given := r.Header.Values("Idempotency-Key")
	if len(given) == 0 {
		return "", nil
	}
	bad := len(given) > 1 || given[0] == "" ||
		strings.ContainsFunc(given[0], func(r rune) bool { return r < 0x20 || r > 0x7E })
	if bad {
		return "", refuse(engine.BadRequest, "Idempotency-Key must be there once, with %d to %d printable ASCII characters: send a random UUID",
			engine.MinIdempotencyKey, engine.MaxIdempotencyKey)
	}
	return given[0], nil
}
