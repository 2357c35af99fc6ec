package passkey

import (
	"encoding/json"
	"strings"
)

// Descriptor names a credential in options.
type Descriptor struct {
	ID         []byte
	Transports []string
}

// Creation is what the options of a registration tell beside the rules.
type Creation struct {
	RPID, RPName          string
	UserID                []byte
	UserName, DisplayName string
	Challenge             []byte
	Exclude               []Descriptor // credentials that the user has
}

// Request is what the options of an authentication tell beside the rules. Without Allow
// the person chooses among the authenticator's discoverable credentials.
type Request struct {
	RPID      string
	Challenge []byte
	Allow     []Descriptor
}

// algorithms are what is offered, best first, and the only ones accepted. Names are of
// the COSE registry. RS1 is not among them: it signs with SHA-1.
var algorithms = []int64{
	-7, -8, -35, -36, // ES256, EdDSA with Ed25519, ES384, ES512
	-37, -38, -39, // PS256, PS384, PS512
	-257, -258, -259, // RS256, RS384, RS512
}

// signed are bytes as PingOne writes them: an array of numbers from -128 to 127, which
// front ends give to new Uint8Array.
type signed []byte

// MarshalJSON writes the array.
func (s signed) MarshalJSON() ([]byte, error) {
	numbers := make([]int8, len(s))
	for i, b := range s {
		numbers[i] = int8(b)
	}
	return json.Marshal(numbers)
}

type descriptor struct {
	Type       string   `json:"type"`
	ID         signed   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

type parameter struct {
	Type string `json:"type"`
	Alg  int64  `json:"alg"`
}

const publicKey = "public-key"

// CreationOptions is PingOne's publicKeyCredentialCreationOptions.
func CreationOptions(r Rules, c Creation) string {
	return encode(map[string]any{
		"rp":                     map[string]any{"id": c.RPID, "name": c.RPName},
		"user":                   map[string]any{"id": signed(c.UserID), "name": c.UserName, "displayName": c.DisplayName},
		"challenge":              signed(c.Challenge),
		"pubKeyCredParams":       parameters(),
		"timeout":                r.Timeout.Milliseconds(),
		"excludeCredentials":     descriptors(c.Exclude),
		"authenticatorSelection": r.selection(),
		"attestation":            r.conveyance(),
		"hints":                  r.hints(),
		"extensions":             map[string]any{"credProps": true},
	})
}

// RequestOptions is PingOne's publicKeyCredentialRequestOptions.
func RequestOptions(r Rules, q Request) string {
	return encode(map[string]any{
		"challenge":        signed(q.Challenge),
		"timeout":          r.Timeout.Milliseconds(),
		"rpId":             q.RPID,
		"allowCredentials": descriptors(q.Allow),
		"userVerification": spell(r.verification()),
		"hints":            r.hints(),
	})
}

// encode cannot fail: it is given strings, numbers and what is made of them.
func encode(v map[string]any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func parameters() []parameter {
	out := make([]parameter, len(algorithms))
	for i, a := range algorithms {
		out[i] = parameter{publicKey, a}
	}
	return out
}

func descriptors(all []Descriptor) []descriptor {
	out := make([]descriptor, len(all))
	for i, d := range all {
		out[i] = descriptor{publicKey, d.ID, d.Transports}
	}
	return out
}

func (r Rules) selection() map[string]any {
	s := map[string]any{
		"residentKey":        spell(r.Discoverable),
		"requireResidentKey": r.Discoverable == Required,
		"userVerification":   spell(r.UserVerification.Option),
	}
	if r.Attachment == Platform || r.Attachment == CrossPlatform {
		s["authenticatorAttachment"] = spell(r.Attachment)
	}
	return s
}

// conveyance asks for an attestation also where only the choice of authenticators needs it.
func (r Rules) conveyance() string {
	if r.restricted() && r.Attestation == None {
		return spell(Direct)
	}
	return spell(r.Attestation)
}

func (r Rules) hints() []string {
	out := make([]string, len(r.Hints))
	for i, h := range r.Hints {
		out[i] = spell(h)
	}
	return out
}

// spell turns PingOne's CROSS_PLATFORM into WebAuthn's cross-platform.
func spell(value string) string { return strings.ToLower(strings.ReplaceAll(value, "_", "-")) }
