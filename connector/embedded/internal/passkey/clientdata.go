package passkey

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/wire"
)

// checkClient judges what the browser says of the ceremony. origin is what the caller was
// told it was: it must be the same.
func (s steps) checkClient(e Expect, origin string, raw []byte) error {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(raw) {
		return s.refuse(s.utf8, "client data are not UTF-8")
	}
	var data object
	if wire.CheckJSON(raw, maxDepth) != nil || json.Unmarshal(raw, &data) != nil || data == nil {
		return s.refuse(s.json, "client data are not a JSON object")
	}
	if kind, ok := data.text("type"); !ok || kind != s.kind {
		return s.refuse(s.typ, "type is not %s", s.kind)
	}
	want := base64.RawURLEncoding.EncodeToString(e.Challenge)
	if got, ok := data.text("challenge"); !ok || len(e.Challenge) == 0 || subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 0 {
		return s.refuse(s.challenge, "another challenge")
	}
	got, ok := data.text("origin")
	switch {
	case !ok || got != origin:
		return s.refuse(s.origin, "another origin than the one given with it")
	case !slices.Contains(e.Origins, got): // which would do is no secret, and what a newcomer needs
		return s.refuse(s.origin, "an origin that is none of %s", strings.Join(e.Origins, ", "))
	}
	if err := s.checkFrame(e.TopOrigins, data); err != nil {
		return err
	}
	return s.checkBinding(data)
}

// checkFrame refuses pages inside pages of other origins, but for those that may frame
// them. Not every browser names the outer page: then it may be any that may frame.
func (s steps) checkFrame(tops []string, data object) error {
	framed := string(data["crossOrigin"]) == "true"
	if framed && len(tops) == 0 || !framed && data.has("crossOrigin") && string(data["crossOrigin"]) != "false" {
		return s.refuse(s.cross, "crossOrigin is not expected")
	}
	if top, _ := data.text("topOrigin"); data.has("topOrigin") && (!framed || !slices.Contains(tops, top)) {
		return s.refuse(s.top, "topOrigin is not expected")
	}
	return nil
}

// checkBinding refuses what is left of token binding where it is malformed.
func (s steps) checkBinding(data object) error {
	if !data.has("tokenBinding") {
		return nil
	}
	var binding object
	if json.Unmarshal(data["tokenBinding"], &binding) != nil {
		return s.refuse(s.json, "tokenBinding is not an object")
	}
	if status, _ := binding.text("status"); status != "present" && status != "supported" {
		return s.refuse(s.json, "tokenBinding has no known status")
	}
	return nil
}
