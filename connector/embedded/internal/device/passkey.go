package device

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/wire"
	"github.com/mfaflow/mfaflow/store"
)

// Passkey is what is kept of a FIDO2 device.
type Passkey struct {
	RPID       string              `json:"i"`
	RPName     string              `json:"n"`
	Policy     string              `json:"p"`           // FIDO2 policy
	Platform   string              `json:"f,omitempty"` // of a PLATFORM device
	Challenge  []byte              `json:"c,omitempty"` // while ACTIVATION_REQUIRED
	Options    string              `json:"o,omitempty"` // while ACTIVATION_REQUIRED
	Credential *passkey.Credential `json:"k,omitempty"`
	Owner      store.Key           `json:"r,omitempty"` // the record that says whose the credential is
}

// relyingParty is the member rp of a draft.
type relyingParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// WebAuthn is the member webAuthn of a request.
type WebAuthn struct {
	Challenge string `json:"challenge"`
}

// minChallenge is how many bytes a challenge of one's own must have (seed 002).
const minChallenge = 32

// Own reads the challenge that a request brings, for dynamic linking; nil without one.
func (w *WebAuthn) Own() ([]byte, error) {
	if w == nil || w.Challenge == "" {
		return nil, nil
	}
	raw, err := wire.DecodeBase64URL(strings.TrimRight(w.Challenge, "="))
	if err != nil || len(raw) < minChallenge || len(raw) > 1024 {
		return nil, rest.Invalid("webAuthn.challenge", "must be base64url of 32 to 1024 bytes")
	}
	return raw, nil
}

// domain is a relying party's id: a domain name in lower case, or localhost.
var domain = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// ValidRPID checks the id of a relying party.
func ValidRPID(target, id string) error {
	if len(id) > 253 || !domain.MatchString(id) {
		return rest.Invalid(target, "must be a domain name in lower case, without scheme and port")
	}
	return nil
}

// newPasskey begins the registration of a passkey: the challenge, and the options that
// the browser gets.
func (s *Devices) newPasskey(c *rest.Call, a *account.Account, r *Record, p *policy.Policy, b draft) error {
	challenge, err := b.WebAuthn.Own()
	if err != nil {
		return err
	}
	rules, err := fido2.Load(c.Tx, c.Env, p.FIDO2.FIDO2PolicyID)
	if err != nil {
		return err
	}
	if challenge == nil {
		challenge = c.Tx.Random(minChallenge)
	}
	r.Passkey = &Passkey{RPID: rules.RelyingPartyID, Policy: rules.ID, Challenge: challenge}
	if err := r.Passkey.name(r.Type, b.RP); err != nil {
		return err
	}
	if r.Type == platformType {
		r.Passkey.Platform = platformOf(c.Header.Get("User-Agent"))
	}
	profile, err := s.Profile(c, a.ID)
	if err != nil {
		return err
	}
	name, _ := profile["username"].(string)
	exclude, err := s.registered(c, a, r.Passkey.RPID)
	if err != nil {
		return err
	}
	r.Passkey.Options = passkey.CreationOptions(r.rules(c, rules), passkey.Creation{
		RPID: r.Passkey.RPID, RPName: r.Passkey.RPName, UserID: []byte(a.ID), UserName: name,
		DisplayName: rules.DisplayName.Of(profile), Challenge: challenge, Exclude: exclude,
	})
	return nil
}

// name takes the relying party of a request, which overrides that of the FIDO2 policy.
// The deprecated types must have one, with its name (seed 000).
func (p *Passkey) name(deviceType string, rp *relyingParty) error {
	if rp == nil {
		rp = &relyingParty{}
	}
	if deviceType != fido2Type {
		switch {
		case rp.ID == "":
			return rest.Required("rp.id")
		case rp.Name == "":
			return rest.Required("rp.name")
		}
	}
	p.RPID = cmp.Or(rp.ID, p.RPID)
	p.RPName = cmp.Or(rp.Name, p.RPID)
	return ValidRPID("rp.id", p.RPID)
}

// rules are those of the FIDO2 policy; a deprecated type says how its authenticator is
// attached.
func (r *Record) rules(c *rest.Call, p *fido2.Policy) passkey.Rules {
	rules := p.Rules(c)
	switch r.Type {
	case platformType:
		rules.Attachment = passkey.Platform
	case securityKeyType:
		rules.Attachment = passkey.CrossPlatform
	}
	return rules
}

// registered lists the passkeys that a user has of a relying party: none of them is
// registered twice.
func (s *Devices) registered(c *rest.Call, a *account.Account, rpID string) ([]passkey.Descriptor, error) {
	all, err := Load(c.Tx, c.Env, a.ID, a.Active())
	if err != nil {
		return nil, err
	}
	return Descriptors(all, rpID), nil
}

// Descriptors name the passkeys of a relying party among devices.
func Descriptors(devices []*Record, rpID string) []passkey.Descriptor {
	var out []passkey.Descriptor
	for _, d := range devices {
		if k := d.Passkey; k != nil && k.Credential != nil && k.RPID == rpID {
			out = append(out, passkey.Descriptor{ID: k.Credential.ID, Transports: k.Credential.Transports})
		}
	}
	return out
}

// OnPlatform reports whether the authenticator is built into a computer or phone, not a
// security key. Where the client did not say, its transports do.
func (p *Passkey) OnPlatform() bool {
	if p.Credential == nil {
		return false
	}
	if p.Credential.Attachment != "" {
		return p.Credential.Attachment == "platform"
	}
	return slices.Contains(p.Credential.Transports, "internal")
}

// waits reports whether a passkey may still be activated.
func (r *Record) waits(now time.Time) bool {
	return r.Passkey != nil && r.Passkey.Challenge != nil && now.Sub(time.UnixMilli(r.Created)) < secretLife
}

// platformOf names the platform of a browser, as PingOne does for PLATFORM devices (seed 000).
func platformOf(userAgent string) string {
	for _, p := range []struct{ sign, name string }{
		{"iPhone", "IPHONE"}, {"iPad", "IPHONE"}, {"Android", "ANDROID"}, {"Windows", "WINDOWS"}, {"Macintosh", "MAC"},
	} {
		if strings.Contains(userAgent, p.sign) {
			return p.name
		}
	}
	return "BIOMETRICS"
}
