package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/mfaflow/mfaflow/connector/wire"
)

// maxResponse bounds a response, the attestation with its certificates included, and maxDepth
// how deep its JSON may be nested.
const (
	maxResponse = 64 << 10
	maxDepth    = 16
)

// object is a JSON object whose member names are compared exactly, which decoding into a
// struct would not do.
type object map[string]json.RawMessage

// response is a credential as the browser's script sends it.
type response struct {
	id     []byte
	whole  object
	fields object // the member "response"
}

// parse reads a response: step 1 of both ceremonies.
func (c ceremony) parse(text string) (*response, error) {
	if len(text) > maxResponse {
		return nil, c.refuse(1, "the response is longer than %d bytes", maxResponse)
	}
	r := &response{}
	if wire.CheckJSON([]byte(text), maxDepth) != nil || json.Unmarshal([]byte(text), &r.whole) != nil || r.whole == nil {
		return nil, c.refuse(1, "the response is not a JSON object")
	}
	id, err := c.text(r.whole, "id")
	if err != nil {
		return nil, err
	}
	if r.id, err = wire.DecodeBase64URL(id); err != nil || len(r.id) == 0 {
		return nil, c.refuse(1, "id is not base64url")
	}
	raw, err := c.binary(r.whole, "rawId")
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(raw, r.id):
		return nil, c.refuse(1, "rawId is not id")
	}
	kind, err := c.text(r.whole, "type")
	switch {
	case err != nil:
		return nil, err
	case kind != publicKey:
		return nil, c.refuse(1, "type is not %s", publicKey)
	}
	if json.Unmarshal(r.whole["response"], &r.fields) != nil || r.fields == nil {
		return nil, c.refuse(1, "response is not an object")
	}
	return r, nil
}

// text reads a string that must be there.
func (c ceremony) text(o object, name string) (string, error) {
	s, ok := o.text(name)
	if !ok || s == "" {
		return "", c.refuse(1, "%s is missing, empty or not a string", name)
	}
	return s, nil
}

// binary reads bytes that must be there.
func (c ceremony) binary(o object, name string) ([]byte, error) {
	s, err := c.text(o, name)
	if err != nil {
		return nil, err
	}
	b, err := decode(s)
	if err != nil || len(b) == 0 {
		return nil, c.refuse(1, "%s is not base64", name)
	}
	return b, nil
}

// text reads a member that is a string; null is none.
func (o object) text(name string) (string, bool) {
	var s *string
	if json.Unmarshal(o[name], &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// has reports whether a member is there and not null.
func (o object) has(name string) bool { return len(o[name]) > 0 && string(o[name]) != "null" }

// decode reads standard base64, with or without padding, and base64url.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // which encoding/base64 skips
		return nil, base64.CorruptInputError(0)
	}
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.Strict().DecodeString(s)
	}
	return base64.RawStdEncoding.Strict().DecodeString(s)
}
