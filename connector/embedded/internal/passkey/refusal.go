package passkey

import "fmt"

// Refusal says why a response was not accepted. It holds nothing of the response.
type Refusal struct {
	Step   string // "7.1.12": section and step of WebAuthn
	Reason string
}

// Error names the step and the reason.
func (r *Refusal) Error() string { return "webauthn " + r.Step + ": " + r.Reason }

// ceremony is the section of the standard that a response is judged by.
type ceremony string

const (
	registration   ceremony = "7.1"
	authentication ceremony = "7.2"
)

// refuse makes the refusal of a step.
func (c ceremony) refuse(step int, format string, args ...any) *Refusal {
	return &Refusal{Step: fmt.Sprintf("%s.%d", c, step), Reason: fmt.Sprintf(format, args...)}
}

// steps of what both ceremonies check, whose numbers differ.
type steps struct {
	ceremony
	kind                                         string // the type of the client data
	utf8, json, typ, challenge, origin           int
	cross, top, decode, rpID, present, uv, state int
}

var (
	creating = steps{registration, "webauthn.create", 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14}
	getting  = steps{authentication, "webauthn.get", 4, 4, 5, 6, 7, 8, 9, 4, 10, 11, 12, 13}
)
