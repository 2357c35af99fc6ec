package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/wire"
)

// facts are what a browser says of itself in its payload. PingOne's is what the Signals
// SDK collects, whose form is not public; here it is JSON, as text or in base64, with the
// members that a BROWSER device shows. A payload of another form says nothing.
type facts struct {
	Locale      string  `json:"locale,omitempty"`
	Fingerprint string  `json:"jsFingerprint,omitempty"`
	Push        *bool   `json:"pushNotificationSupport,omitempty"`
	Cookies     *bool   `json:"cookiesEnabled,omitempty"`
	Screen      *screen `json:"screenResolution,omitempty"`
}

type screen struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// The longest texts of a payload that are kept.
const (
	maxPayload = 64 << 10
	maxFact    = 128
)

// factsOf reads a payload.
func factsOf(payload string) (facts, error) {
	if len(payload) > maxPayload {
		return facts{}, rest.TooLong("payload", maxPayload)
	}
	b := []byte(payload)
	if raw, err := wire.DecodeBase64(payload); err == nil {
		b = raw
	}
	var f facts
	if !bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) || json.Unmarshal(b, &f) != nil {
		return facts{}, nil
	}
	if len(f.Locale) > maxFact || len(f.Fingerprint) > maxFact {
		return facts{}, rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, "payload",
			fmt.Sprintf("must have at most %d characters in locale and in fingerprint", maxFact))
	}
	return f, nil
}

// networkOf is the part of an address that a machine keeps for a while: /24 of IPv4, /48
// of IPv6. It is "" without an address.
func networkOf(target, ip string) (string, error) {
	if ip == "" {
		return "", nil
	}
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "", rest.Invalid(target, "is not an IP address")
	}
	return rest.Network(a), nil
}
