package passkey_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

const (
	rpID   = "example.com"
	origin = "https://example.com"
)

var (
	challenge = bytes.Repeat([]byte{0x9b, 0x11}, 16)
	owner     = []byte("user-1")
	now       = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

// rules accept all that WebAuthn does.
func rules() passkey.Rules {
	r := passkey.Rules{Discoverable: passkey.Preferred, Attachment: passkey.Both, Attestation: passkey.None, Timeout: 2 * time.Minute}
	r.UserVerification.Option = passkey.Preferred
	r.Backup.Allow = true
	return r
}

func expect(change ...func(e *passkey.Expect)) passkey.Expect {
	e := passkey.Expect{Challenge: challenge, RPID: rpID, Origins: []string{origin}, Rules: rules(), Now: now}
	for _, c := range change {
		c(&e)
	}
	return e
}

func creationOptions(r passkey.Rules, exclude ...passkey.Descriptor) string {
	return passkey.CreationOptions(r, passkey.Creation{
		RPID: rpID, RPName: "Example", UserID: owner, UserName: "jo", DisplayName: "Jo", Challenge: challenge, Exclude: exclude,
	})
}

func requestOptions(r passkey.Rules, allow ...[]byte) string {
	q := passkey.Request{RPID: rpID, Challenge: challenge}
	for _, id := range allow {
		q.Allow = append(q.Allow, passkey.Descriptor{ID: id})
	}
	return passkey.RequestOptions(r, q)
}

// enrolled is a software key with a registered credential.
func enrolled(t *testing.T, o softkey.Options) (*softkey.Key, passkey.Credential) {
	t.Helper()
	key := softkey.New(o)
	attestation, err := key.Create(origin, creationOptions(rules()))
	if err != nil {
		t.Fatal(err)
	}
	c, err := passkey.Register(expect(), origin, attestation)
	if err != nil {
		t.Fatal(err)
	}
	return key, *c
}

// judge checks that there is no error, or the refusal of a step if one is named.
func judge(t *testing.T, err error, step string) {
	t.Helper()
	switch {
	case step != "":
		refused(t, err, step)
	case err != nil:
		t.Error(err)
	}
}

// refused checks that an error is the refusal of a step.
func refused(t *testing.T, err error, step string) {
	t.Helper()
	var r *passkey.Refusal
	if !errors.As(err, &r) || r.Step != step {
		t.Errorf("got %v, want a refusal of step %s", err, step)
	}
}
