package fido2

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// Validate checks a policy from outside and fills in the presence timeout.
func (p *Policy) Validate() error {
	for _, check := range []func() error{p.checkTexts, p.checkOptions, p.checkParts, p.checkDisplayName, p.checkHints} {
		if err := check(); err != nil {
			return err
		}
	}
	if p.UserPresenceTimeout == nil {
		p.UserPresenceTimeout = defaultTimeout()
	}
	return checkTimeout(p.UserPresenceTimeout)
}

func (p *Policy) checkTexts() error {
	for _, text := range []struct {
		name, value string
		most        int
	}{{"name", p.Name, 256}, {"deviceDisplayName", p.DeviceDisplayName, 100}, {"relyingPartyId", p.RelyingPartyID, 253}} {
		switch {
		case strings.TrimSpace(text.value) == "":
			return rest.Required(text.name)
		case len(text.value) > text.most:
			return rest.TooLong(text.name, text.most)
		}
	}
	if len(p.Description) > maxDescription {
		return rest.TooLong("description", maxDescription)
	}
	if !domain.MatchString(p.RelyingPartyID) || net.ParseIP(p.RelyingPartyID) != nil {
		return rest.Invalid("relyingPartyId", "must be a domain name in lower case, without scheme and port")
	}
	return nil
}

const maxDescription = 1024

// domain is a host name that a browser takes for an RP id, localhost included.
var domain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

func (p *Policy) checkOptions() error {
	for _, o := range []struct {
		name, value string
		allowed     []string
	}{
		{"discoverableCredentials", p.DiscoverableCredentials, degrees},
		{"authenticatorAttachment", p.AuthenticatorAttachment, []string{passkey.Platform, passkey.CrossPlatform, passkey.Both}},
		{"attestationRequirements", p.AttestationRequirements, []string{passkey.None, passkey.Direct, passkey.Enterprise}},
	} {
		if err := choice(o.name, o.value, o.allowed...); err != nil {
			return err
		}
	}
	if p.EnterpriseAttribute != nil {
		return rest.Invalid("eaUniqueIdentifierAttribute", "is not supported")
	}
	return nil
}

var degrees = []string{passkey.Discouraged, passkey.Preferred, passkey.Required}

// choice refuses an absent value too.
func choice(name, value string, allowed ...string) error {
	if value == "" {
		return rest.Required(name)
	}
	return rest.OneOf(name, value, allowed...)
}

func (p *Policy) checkParts() error {
	u, b, m := p.UserVerification, p.BackupEligibility, p.MDS
	switch {
	case u == nil:
		return rest.Required("userVerification")
	case u.Enforce == nil:
		return rest.Required("userVerification.enforceDuringAuthentication")
	case u.PINRequirement != nil:
		return rest.Invalid("userVerification.pinRequirement", "is not supported")
	case b == nil:
		return rest.Required("backupEligibility")
	case b.Allow == nil:
		return rest.Required("backupEligibility.allow")
	case b.Enforce == nil:
		return rest.Required("backupEligibility.enforceDuringAuthentication")
	case m == nil:
		return rest.Required("mdsAuthenticatorsRequirements")
	case m.Enforce == nil:
		return rest.Required("mdsAuthenticatorsRequirements.enforceDuringAuthentication")
	}
	if err := choice("userVerification.option", u.Option, degrees...); err != nil {
		return err
	}
	return m.check()
}

func (m *Authenticators) check() error {
	const at = "mdsAuthenticatorsRequirements."
	if err := choice(at+"option", m.Option, passkey.None, passkey.AuditOnly, passkey.Global, passkey.Certified, passkey.Specific); err != nil {
		return err
	}
	switch {
	case m.Option == passkey.Specific && len(m.Allowed) == 0:
		return rest.Required(at + "allowedAuthenticators")
	case len(m.Allowed) > MaxMetadata:
		return rest.Outside(at+"allowedAuthenticators", 1, MaxMetadata)
	}
	for i, a := range m.Allowed {
		if _, err := passkey.ParseAAGUID(a.ID); err != nil {
			return rest.Invalid(fmt.Sprintf("%sallowedAuthenticators[%d].id", at, i), "is not the id of an authenticator")
		}
	}
	return nil
}

func (p *Policy) checkDisplayName() error {
	const at = "userDisplayNameAttributes"
	switch d := p.DisplayName; {
	case d == nil:
		return rest.Required(at)
	case len(d.Attributes) < 1 || len(d.Attributes) > 6:
		return rest.Outside(at+".attributes", 1, 6)
	}
	named := false
	for i, a := range p.DisplayName.Attributes {
		if err := a.check(fmt.Sprintf("%s.attributes[%d]", at, i)); err != nil {
			return err
		}
		named = named || a.Name == "username"
	}
	if !named {
		return rest.Invalid(at+".attributes", "must include username")
	}
	return nil
}

// check refuses names that are absent or could never be of an attribute.
func (a Attribute) check(at string) error {
	if a.Name == "" {
		return rest.Required(at + ".name")
	}
	if len(a.Name) > 256 {
		return rest.TooLong(at+".name", 256)
	}
	for i, sub := range a.SubAttributes {
		name := fmt.Sprintf("%s.subAttributes[%d]", at, i)
		if sub.SubAttributes != nil || i >= 10 {
			return rest.Invalid(name, "must be one of at most 10, without parts of its own")
		}
		if err := sub.check(name); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) checkHints() error {
	for i, h := range p.PublicKeyCredentialHints {
		name := fmt.Sprintf("publicKeyCredentialHints[%d]", i)
		if i >= 3 {
			return rest.Invalid(name, "there are only three hints")
		}
		if err := rest.OneOf(name, h, "SECURITY_KEY", "CLIENT_DEVICE", "HYBRID"); err != nil {
			return err
		}
	}
	return nil
}

func checkTimeout(d *span.Duration) error {
	const at = "userPresenceTimeout"
	if d.TimeUnit == "" {
		return rest.Required(at + ".timeUnit")
	}
	return d.Check(at, time.Minute, 10*time.Minute, "MINUTES", "SECONDS")
}
