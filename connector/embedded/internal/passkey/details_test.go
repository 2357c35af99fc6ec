package passkey_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// TestRegistrationDetails are refusals that no case of the conformance tool is about.
func TestRegistrationDetails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(t *testing.T, m *mint, e *passkey.Expect)
		step string
	}{
		"a padded id": {func(_ *testing.T, m *mint, _ *passkey.Expect) {
			m.id = []byte("a")
			m.envelope = set("id", "YQ==")
		}, "7.1.1"},
		"an id in two lines": {func(_ *testing.T, m *mint, _ *passkey.Expect) {
			m.id = []byte("a")
			m.envelope = set("id", "Y\nQ")
		}, "7.1.1"},
		"extensions that are null": {func(_ *testing.T, m *mint, _ *passkey.Expect) {
			m.data = func(b []byte) []byte { b[32] |= extended; return append(b, 0xf6) }
		}, "7.1.10"},
		"a key that is null": {func(_ *testing.T, m *mint, _ *passkey.Expect) { m.cose = []byte{0xf6} }, "7.1.10"},
		"short data":         {func(_ *testing.T, m *mint, _ *passkey.Expect) { m.data = func(b []byte) []byte { return b[:36] } }, "7.1.10"},
		"extensions that are no map": {func(_ *testing.T, m *mint, _ *passkey.Expect) {
			m.data = func(b []byte) []byte { b[32] |= extended; return append(b, 0x01) }
		}, "7.1.10"},
		"a key that is no map":      {func(_ *testing.T, m *mint, _ *passkey.Expect) { m.cose = []byte{0x01} }, "7.1.10"},
		"attached in another way":   {attached(passkey.Platform, "cross-platform"), "7.1.1"},
		"attached as demanded":      {attached(passkey.Platform, "platform"), ""},
		"attached, but not told":    {attached(passkey.Platform, nil), ""},
		"self with x5c of no list":  {selfWith("x5c", "text"), "7.1.19"},
		"self with x5c of no certs": {selfWith("x5c", []any{"text"}), "7.1.19"},
		"nine certificates": {func(t *testing.T, m *mint, _ *passkey.Expect) {
			d := newModel(t)
			d.attests(t, m, append([]*authority{d.leaf}, slices.Repeat([]*authority{d.mid}, 8)...)...)
		}, "7.1.19"},
		"before its certificate": {func(t *testing.T, m *mint, e *passkey.Expect) { apple(t, m, nil); e.Now = since.Add(-time.Second) }, "7.1.19"},
		"after its certificate":  {func(t *testing.T, m *mint, e *passkey.Expect) { apple(t, m, nil); e.Now = until.Add(time.Second) }, "7.1.19"},
		"an Android key of another": {func(t *testing.T, m *mint, _ *passkey.Expect) {
			android(t, m)
			m.cose = cose(t, newKey(t), -7)
		}, "7.1.19"},
		"an Android statement of another": {func(t *testing.T, m *mint, _ *passkey.Expect) {
			android(t, m)
			m.amend(set("sig", signES256(t, m.key, nil)))
		}, "7.1.19"},
		"an Android statement without certificates": {func(t *testing.T, m *mint, _ *passkey.Expect) { android(t, m); m.amend(drop("x5c")) }, "7.1.19"},
		"an Apple statement without certificates":   {func(t *testing.T, m *mint, _ *passkey.Expect) { apple(t, m, nil); m.amend(drop("x5c")) }, "7.1.19"},
		"a key of an algorithm that the model lacks": {func(t *testing.T, m *mint, e *passkey.Expect) {
			d := newModel(t)
			rsaKey(t, m)
			d.attests(t, m)
			d.demand(e)
		}, "7.1.21"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, e := newMint(t), expect()
			c.edit(t, m, &e)
			_, err := passkey.Register(e, origin, m.attestation(t))
			if c.step != "" {
				refused(t, err, c.step)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// attached makes a policy demand one attachment and the client tell another.
func attached(demanded string, told any) func(*testing.T, *mint, *passkey.Expect) {
	return func(_ *testing.T, m *mint, e *passkey.Expect) {
		e.Rules.Attachment = demanded
		m.envelope = set("authenticatorAttachment", told)
	}
}

// selfWith is a true self attestation with a member more.
func selfWith(name string, v any) func(*testing.T, *mint, *passkey.Expect) {
	return func(t *testing.T, m *mint, _ *passkey.Expect) {
		m.packed(t)
		m.amend(set(name, v))
	}
}

// TestAssertionDetails are refusals that no case of the conformance tool is about.
func TestAssertionDetails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(m *mint, c *passkey.Credential)
		step string
	}{
		"a user handle that is no base64": {func(m *mint, _ *passkey.Credential) { m.response = set("userHandle", "~") }, "7.2.1"},
		"short data":                      {func(m *mint, _ *passkey.Credential) { m.data = func(b []byte) []byte { return b[:36] } }, "7.2.4"},
		"a stored key that is none":       {func(_ *mint, c *passkey.Credential) { c.PublicKey = []byte{0x01} }, "7.2.16"},
		"no stored id":                    {func(_ *mint, c *passkey.Credential) { c.ID = nil }, "7.2.3"},
	} {
		m := newMint(t)
		credential := m.credential()
		c.edit(m, &credential)
		_, err := passkey.Assert(expect(), credential, owner, origin, m.assertion(t))
		t.Run(name, func(t *testing.T) { t.Parallel(); refused(t, err, c.step) })
	}
}

// TestNoChallenge: a server that forgot its challenge accepts none.
func TestNoChallenge(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	m.client = set("challenge", "")
	_, err := passkey.Assert(expect(func(e *passkey.Expect) { e.Challenge = nil }), m.credential(), owner, origin, m.assertion(t))
	refused(t, err, "7.2.6")
}

// TestBlobIsMalformed reads documents that are none.
func TestBlobIsMalformed(t *testing.T) {
	t.Parallel()
	s := newService(t)
	good := strings.Split(s.blob(t), ".")
	header := func(text string) string { return b64url([]byte(text)) + "." + good[1] + "." + good[2] }
	leaf := std(s.signer.cert.Raw)
	for name, blob := range map[string]string{
		"empty":                 "",
		"two parts":             good[0] + "." + good[1],
		"header not base64":     "~." + good[1] + "." + good[2],
		"header not JSON":       header("x"),
		"no certificates":       header(`{"alg":"ES256","x5c":[]}`),
		"nine certificates":     header(`{"alg":"ES256","x5c":["` + strings.Repeat(leaf+`","`, 8) + leaf + `"]}`),
		"not a certificate":     header(`{"alg":"ES256","x5c":["AAAA"]}`),
		"certificate in no b64": header(`{"alg":"ES256","x5c":["~"]}`),
		"signature not base64":  good[0] + "." + good[1] + ".~",
		"signature empty":       good[0] + "." + good[1] + ".",
	} {
		if _, err := passkey.ReadBlob(blob, s.roots, nil, now); !errors.Is(err, passkey.ErrBlob) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s.alg = "none"
	if _, err := passkey.ReadBlob(s.blob(t), s.roots, nil, now); !errors.Is(err, passkey.ErrBlob) {
		t.Errorf("alg none: got %v", err)
	}
	s.alg = ""
	s.aaguid = "01020300-0000-0000-0000-000000000001"
	if known, err := passkey.ReadBlob(s.blob(t), s.roots, nil, now); err != nil || len(known) != 0 {
		t.Errorf("an entry about another model: got %v, %v", known, err)
	}
}
