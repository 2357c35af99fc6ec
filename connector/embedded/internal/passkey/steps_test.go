package passkey_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// stepCase breaks what one step of the standard checks, and nothing else. A step that is
// the caller's, or has nothing to fail, says so in why.
type stepCase struct {
	step int
	edit func(t *testing.T, m *mint, e *passkey.Expect, c *passkey.Credential)
	why  string
	at   int // where it shows, if not at the step itself
}

// simple is an edit of the mint alone.
func simple(edit func(m *mint)) func(*testing.T, *mint, *passkey.Expect, *passkey.Credential) {
	return func(_ *testing.T, m *mint, _ *passkey.Expect, _ *passkey.Credential) { edit(m) }
}

// bits sets the flags of the authenticator data.
func bits(flags byte) func(*testing.T, *mint, *passkey.Expect, *passkey.Credential) {
	return simple(func(m *mint) { m.flags = flags })
}

// requireUV makes the policy demand verification of a user who was only present.
func requireUV(_ *testing.T, m *mint, e *passkey.Expect, _ *passkey.Credential) {
	m.flags = present
	e.Rules.UserVerification.Option, e.Rules.UserVerification.EnforceAlways = passkey.Required, true
}

func notUTF8(m *mint) {
	m.rawClient = func(b []byte) []byte { return bytes.Replace(b, []byte("https"), []byte("htt\xff\xfe"), 1) }
}

func notJSON(m *mint) { m.rawClient = func(b []byte) []byte { return b[1:] } }

var registrationSteps = []stepCase{
	{step: 1, edit: simple(envelope(set("rawId", std([]byte("another")))))},
	{step: 2, edit: simple(notUTF8)},
	{step: 3, edit: simple(notJSON)},
	{step: 4, edit: simple(client(set("type", "webauthn.get")))},
	{step: 5, edit: simple(client(set("challenge", b64url(owner))))},
	{step: 6, edit: simple(client(set("origin", "https://evil.com")))},
	{step: 7, edit: simple(client(set("crossOrigin", true)))},
	{step: 8, edit: simple(client(set("topOrigin", origin)))},
	{step: 9, at: 19, why: "a hash cannot fail: statements over other client data do", edit: func(t *testing.T, m *mint, _ *passkey.Expect, _ *passkey.Credential) {
		m.packed(t)
		m.response = set("clientDataJSON", std(fmt.Appendf(nil, `{"type":"webauthn.create","challenge":%q,"origin":%q}`, b64url(challenge), origin)))
	}},
	{step: 10, edit: simple(func(m *mint) { m.rawObject = func(b []byte) []byte { return b[1:] } })},
	{step: 11, edit: simple(func(m *mint) { m.rpID = "example.org" })},
	{step: 12, edit: bits(verified)},
	{step: 13, edit: requireUV},
	{step: 14, edit: bits(present | backedUp)},
	{step: 15, edit: func(_ *testing.T, m *mint, e *passkey.Expect, _ *passkey.Credential) {
		m.flags |= eligible
		e.Rules.Backup.Allow = false
	}},
	{step: 16, why: "policies say nothing of the backup state beyond eligibility"},
	{step: 17, edit: func(t *testing.T, m *mint, _ *passkey.Expect, _ *passkey.Credential) { m.cose = cose(t, m.key, -47) }},
	{step: 18, edit: simple(func(m *mint) { m.format = "None" })},
	{step: 19, edit: func(t *testing.T, m *mint, _ *passkey.Expect, _ *passkey.Credential) {
		m.packed(t)
		m.amend(set("sig", signES256(t, newKey(t), nil)))
	}},
	{step: 20, edit: func(t *testing.T, m *mint, e *passkey.Expect, _ *passkey.Credential) {
		d := newModel(t)
		d.attests(t, m)
		d.demand(e)
		m.aaguid[0]++
	}},
	{step: 21, edit: func(_ *testing.T, _ *mint, e *passkey.Expect, _ *passkey.Credential) {
		e.Rules.Attestation = passkey.Direct
	}},
	{step: 22, edit: simple(func(m *mint) { m.id = bytes.Repeat([]byte{1}, 1024) })},
	{step: 23, why: "the caller knows which ids are registered"},
	{step: 24, why: "the caller stores; what cannot be stored is refused", edit: simple(response(set("transports", []int{1})))},
	{step: 25, edit: func(_ *testing.T, m *mint, e *passkey.Expect, _ *passkey.Credential) {
		e.Rules.Discoverable = passkey.Required
		m.envelope = set("clientExtensionResults", map[string]any{"credProps": map[string]any{"rk": false}})
	}},
	{step: 26, why: "the caller commits"},
}

var authenticationSteps = []stepCase{
	{step: 1, edit: simple(envelope(set("rawId", std([]byte("another")))))},
	{step: 2, edit: func(_ *testing.T, _ *mint, e *passkey.Expect, _ *passkey.Credential) {
		e.Allowed = [][]byte{[]byte("another")}
	}},
	{step: 3, edit: simple(response(set("userHandle", std([]byte("user-2")))))},
	{step: 4, edit: simple(notJSON)},
	{step: 5, edit: simple(client(set("type", "webauthn.create")))},
	{step: 6, edit: simple(client(set("challenge", b64url(owner))))},
	{step: 7, edit: simple(client(set("origin", "https://evil.com")))},
	{step: 8, edit: simple(client(set("crossOrigin", true)))},
	{step: 9, edit: simple(client(set("topOrigin", origin)))},
	{step: 10, edit: simple(func(m *mint) { m.rpID = "example.org" })},
	{step: 11, edit: bits(verified)},
	{step: 12, edit: requireUV},
	{step: 13, edit: bits(present | backedUp)},
	{step: 14, edit: bits(present | eligible)},
	{step: 15, at: 16, why: "a hash cannot fail: signatures over other client data do", edit: simple(
		response(set("clientDataJSON", std(fmt.Appendf(nil, `{"type":"webauthn.get","challenge":%q,"origin":%q}`, b64url(challenge), origin)))))},
	{step: 16, edit: func(t *testing.T, _ *mint, _ *passkey.Expect, c *passkey.Credential) {
		c.PublicKey = cose(t, newKey(t), -7)
	}},
	{step: 17, edit: func(_ *testing.T, m *mint, _ *passkey.Expect, c *passkey.Credential) { m.count, c.SignCount = 4, 5 }},
	{step: 18, edit: simple(envelope(set("clientExtensionResults", "text")))},
	{step: 19, why: "the caller saves the counter"},
	{step: 20, why: "the caller signs the user on"},
}

// TestA43 breaks one step of the standard at a time and wants that step to refuse: a step
// left out would let its case through or leave it to another. All 46 are here.
func TestA43(t *testing.T) {
	t.Parallel()
	for _, ceremony := range []struct {
		section string
		steps   []stepCase
		count   int
		run     func(t *testing.T, m *mint, e passkey.Expect, c passkey.Credential) error
	}{
		{"7.1", registrationSteps, 26, func(t *testing.T, m *mint, e passkey.Expect, _ passkey.Credential) error {
			_, err := passkey.Register(e, origin, m.attestation(t))
			return err
		}},
		{"7.2", authenticationSteps, 20, func(t *testing.T, m *mint, e passkey.Expect, c passkey.Credential) error {
			_, err := passkey.Assert(e, c, owner, origin, m.assertion(t))
			return err
		}},
	} {
		if len(ceremony.steps) != ceremony.count {
			t.Errorf("%s: %d steps, want %d", ceremony.section, len(ceremony.steps), ceremony.count)
		}
		for i, s := range ceremony.steps {
			if s.step != i+1 || s.edit == nil && s.why == "" {
				t.Errorf("%s: step %d is out of order or says nothing", ceremony.section, s.step)
			}
			t.Run(fmt.Sprintf("%s.%d", ceremony.section, s.step), func(t *testing.T) {
				t.Parallel()
				m, e := newMint(t), expect()
				c := m.credential()
				if err := ceremony.run(t, m, e, c); err != nil {
					t.Fatalf("unbroken: %v", err)
				}
				if s.edit == nil {
					return
				}
				s.edit(t, m, &e, &c)
				refused(t, ceremony.run(t, m, e, c), fmt.Sprintf("%s.%d", ceremony.section, max(s.step, s.at)))
			})
		}
	}
}
