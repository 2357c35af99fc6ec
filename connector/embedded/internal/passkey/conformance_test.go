package passkey_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// conformance is a case of the FIDO Alliance's server test tool, by its title. Step is
// what refuses it; "" is a response that must be accepted.
type conformance struct {
	name string
	run  func(t *testing.T) error
	step string
}

// TestConformance runs the cases of security reference 1.6: the 133 negative ones, each
// refused by the step that it is about, and the 31 positive ones that are mandatory. Four
// of those are refused on purpose: an RS1 key signs with SHA-1, SafetyNet was retired by
// Google, and two assertions lack user presence, which WebAuthn L3 demands always.
func TestConformance(t *testing.T) {
	t.Parallel()
	negative, positive, seen := 0, 0, map[string]bool{}
	for _, c := range slices.Concat(optionCases(), structureCases(), clientCases(), objectCases(), algorithmCases(), packedCases(),
		formatCases(), assertionCases(), assertedClientCases(), authenticatorCases(), metadataCases()) {
		if seen[c.name] {
			t.Errorf("%s is there twice", c.name)
		}
		seen[c.name] = true
		if isNegative(c.name) {
			negative++
		} else {
			positive++
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			judge(t, c.run(t), c.step)
		})
	}
	if negative != 133 || positive != 31 {
		t.Errorf("%d negative and %d positive cases, want 133 and 31", negative, positive)
	}
}

func isNegative(name string) bool { return strings.Contains(name, " F-") }

// registers is a case of a registration.
func registers(name, step string, edit func(t *testing.T, m *mint, e *passkey.Expect)) conformance {
	return conformance{"Attestation-Resp-" + name, func(t *testing.T) error {
		m, e := newMint(t), expect()
		edit(t, m, &e)
		_, err := passkey.Register(e, origin, m.attestation(t))
		return err
	}, step}
}

// asserts is a case of an authentication.
func asserts(name, step string, edit func(m *mint, e *passkey.Expect, c *passkey.Credential)) conformance {
	return conformance{"Assertion-Resp-" + name, func(t *testing.T) error {
		m, e := newMint(t), expect()
		c := m.credential()
		edit(m, &e, &c)
		_, err := passkey.Assert(e, c, owner, origin, m.assertion(t))
		return err
	}, step}
}

// on is an edit of one hook.
func on(hook func(m *mint) *func(map[string]any), change func(map[string]any)) func(m *mint) {
	return func(m *mint) { *hook(m) = change }
}

func envelope(change func(map[string]any)) func(m *mint) {
	return on(func(m *mint) *func(map[string]any) { return &m.envelope }, change)
}

func response(change func(map[string]any)) func(m *mint) {
	return on(func(m *mint) *func(map[string]any) { return &m.response }, change)
}

func client(change func(map[string]any)) func(m *mint) {
	return on(func(m *mint) *func(map[string]any) { return &m.client }, change)
}

func object(change func(map[string]any)) func(m *mint) {
	return on(func(m *mint) *func(map[string]any) { return &m.object }, change)
}

// edits is a table of cases that only edit the mint.
type edits []struct {
	id, step string
	edit     func(m *mint)
}

func (all edits) registering(group string) (out []conformance) {
	for _, c := range all {
		out = append(out, registers(group+" "+c.id, c.step, func(_ *testing.T, m *mint, _ *passkey.Expect) { c.edit(m) }))
	}
	return out
}

func (all edits) asserting(group string) (out []conformance) {
	for _, c := range all {
		out = append(out, asserts(group+" "+c.id, c.step, func(m *mint, _ *passkey.Expect, _ *passkey.Credential) { c.edit(m) }))
	}
	return out
}

// unchanged edits nothing.
func unchanged(*mint) {}

// envelopeEdits are wrong in what both ceremonies send, F-1 to F-11 of their first group.
func envelopeEdits(step string) edits {
	return edits{
		{"F-1", step, envelope(drop("id"))},
		{"F-2", step, envelope(set("id", 7))},
		{"F-3", step, envelope(set("id", "~~~~"))},
		{"F-4", step, envelope(drop("type"))},
		{"F-5", step, envelope(set("type", 7))},
		{"F-6", step, envelope(set("type", "password"))},
		{"F-7", step, envelope(drop("response"))},
		{"F-8", step, envelope(set("response", "text"))},
		{"F-9", step, response(drop("clientDataJSON"))},
		{"F-10", step, response(set("clientDataJSON", 7))},
		{"F-11", step, response(set("clientDataJSON", ""))},
	}
}

// clientEdits are wrong in the client data, F-1 to F-17 of their group.
func clientEdits(section, other string) edits {
	typ, challenged, from, shape := section+".4", section+".5", section+".6", section+".3"
	if section == "7.2" {
		typ, challenged, from, shape = "7.2.5", "7.2.6", "7.2.7", "7.2.4"
	}
	return edits{
		{"F-1", typ, client(drop("type"))},
		{"F-2", typ, client(set("type", 7))},
		{"F-3", typ, client(set("type", ""))},
		{"F-4", typ, client(set("type", "webauthn.delete"))},
		{"F-5", typ, client(set("type", other))},
		{"F-6", challenged, client(drop("challenge"))},
		{"F-7", challenged, client(set("challenge", 7))},
		{"F-8", challenged, client(set("challenge", ""))},
		{"F-9", challenged, client(set("challenge", std(challenge)))},
		{"F-10", challenged, client(set("challenge", b64url(owner)))},
		{"F-11", from, client(drop("origin"))},
		{"F-12", from, client(set("origin", 7))},
		{"F-13", from, client(set("origin", ""))},
		{"F-14", from, client(set("origin", "https://evil.com"))},
		{"F-15", shape, client(set("tokenBinding", "text"))},
		{"F-16", shape, client(set("tokenBinding", map[string]any{}))},
		{"F-17", shape, client(set("tokenBinding", map[string]any{"status": "maybe"}))},
	}
}

// optionCases are about the options: their shape, none, and that challenges are those
// that the caller drew.
func optionCases() []conformance {
	read := func(options string) (map[string]any, error) {
		var m map[string]any
		err := json.Unmarshal([]byte(options), &m)
		return m, err
	}
	has := func(t *testing.T, options string, names ...string) error {
		m, err := read(options)
		for _, n := range names {
			if m[n] == nil {
				t.Errorf("no %s in %s", n, options)
			}
		}
		return err
	}
	differ := func(t *testing.T, make func(challenge []byte) string) error {
		if make([]byte("challenge of 16 bytes: 1")) == make([]byte("challenge of 16 bytes: 2")) {
			t.Error("the challenge is not in the options")
		}
		return nil
	}
	return []conformance{
		{"CreationOption-Req-1 P-1", func(t *testing.T) error {
			return has(t, creationOptions(rules()), "rp", "user", "challenge", "pubKeyCredParams", "timeout", "attestation")
		}, ""},
		{"CreationOption-Req-1 P-2", func(t *testing.T) error {
			m, err := read(creationOptions(rules()))
			if m["attestation"] != "none" {
				t.Errorf("attestation is %v", m["attestation"])
			}
			return err
		}, ""},
		{"CreationOption-Req-1 P-3", func(t *testing.T) error {
			return differ(t, func(c []byte) string { return passkey.CreationOptions(rules(), passkey.Creation{Challenge: c}) })
		}, ""},
		{"GetOptions-Req-1 P-1", func(t *testing.T) error {
			return has(t, requestOptions(rules()), "challenge", "timeout", "rpId", "allowCredentials", "userVerification")
		}, ""},
		{"GetOptions-Req-1 P-2", func(t *testing.T) error {
			return differ(t, func(c []byte) string { return passkey.RequestOptions(rules(), passkey.Request{Challenge: c}) })
		}, ""},
	}
}
