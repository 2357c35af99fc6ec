package passkey_test

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

func assertionCases() []conformance {
	return append(envelopeEdits("7.2.1"), edits{
		{"P-1", "", unchanged},
		{"F-12", "7.2.1", response(drop("authenticatorData"))},
		{"F-13", "7.2.1", response(set("authenticatorData", 7))},
		{"F-14", "7.2.1", response(set("authenticatorData", "~~~~"))},
		{"F-15", "7.2.1", response(set("authenticatorData", ""))},
		{"F-16", "7.2.1", response(drop("signature"))},
		{"F-17", "7.2.1", response(set("signature", 7))},
		{"F-18", "7.2.1", response(set("signature", "~~~~"))},
		{"F-19", "7.2.1", response(set("signature", ""))},
		{"F-20", "7.2.16", response(set("signature", std([]byte{0x30, 0})))},
		{"F-21", "7.2.1", response(set("userHandle", 7))},
	}...).asserting("1")
}

func assertedClientCases() []conformance { return clientEdits("7.2", "webauthn.create").asserting("2") }

// authenticatorCases: P-2 to P-8 are user verification, presence and extensions under
// each requirement. Without presence WebAuthn L3 refuses, though the tool does not.
func authenticatorCases() []conformance {
	flags := func(id, step, verification string, flags byte) conformance {
		return asserts(id, step, func(m *mint, e *passkey.Expect, _ *passkey.Credential) {
			m.flags = flags
			e.Rules.UserVerification.Option, e.Rules.UserVerification.EnforceAlways = verification, true
		})
	}
	data := func(id, step string, change func(b []byte) []byte) conformance {
		return asserts(id, step, func(m *mint, _ *passkey.Expect, _ *passkey.Credential) { m.data = change })
	}
	return []conformance{
		asserts("3 P-1", "", func(*mint, *passkey.Expect, *passkey.Credential) {}),
		flags("3 P-2", "", passkey.Required, present|verified),
		flags("3 P-3", "", passkey.Preferred, present),
		flags("3 P-4", "7.2.11", passkey.Preferred, 0),
		flags("3 P-5", "", passkey.Discouraged, present),
		flags("3 P-6", "", passkey.Discouraged, present|verified),
		flags("3 P-7", "7.2.11", passkey.Discouraged, verified),
		data("3 P-8", "", func(b []byte) []byte { b[32] |= extended; return append(b, 0xa1, 0x61, 'x', 0xf5) }),
		data("3 F-1", "7.2.4", func(b []byte) []byte { return append(b, 0) }),
		asserts("3 F-2", "7.2.10", func(m *mint, _ *passkey.Expect, _ *passkey.Credential) { m.rpID = "example.org" }),
		asserts("3 F-3", "7.2.16", func(m *mint, _ *passkey.Expect, _ *passkey.Credential) {
			inner := m.sign
			m.sign = func(signed []byte) []byte { signed[len(signed)-1] ^= 1; return inner(signed) }
		}),
		asserts("3 F-4", "7.2.17", func(m *mint, _ *passkey.Expect, c *passkey.Credential) { m.count, c.SignCount = 5, 5 }),
		flags("3 F-5", "7.2.12", passkey.Required, present),
	}
}
