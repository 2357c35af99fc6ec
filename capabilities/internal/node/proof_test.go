package node

import (
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
)

func TestMethodsAreRegisteredOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said []any
		kind string
		want []string
	}{
		{nil, "EMAIL", []string{"otp"}},
		{nil, "SMS", []string{"otp", "sms"}},
		{nil, "VOICE", []string{"otp", "tel"}},
		{nil, "TOTP", []string{"otp"}},
		{nil, "FIDO2", []string{"swk"}},
		{nil, "SECURITY_KEY", []string{"hwk"}},
		{nil, "YUBIKEY", []string{"hwk", "otp"}},
		{nil, "MOBILE", []string{"swk"}},
		{nil, "NEURAL", []string{}},
		{[]any{"mfa", "otp", "sms"}, "SMS", []string{"otp", "sms"}},
		{[]any{"desktop", "mfa", "user"}, "FIDO2", []string{"swk", "user"}},
		{[]any{"hwk"}, "FIDO2", []string{"hwk"}},
		{[]any{"otp"}, "MOBILE", []string{"otp"}},
		{[]any{"telepathy", 7.0, nil}, "EMAIL", []string{"otp"}},
	} {
		if got := methods(c.said, c.kind); !slices.Equal(got, c.want) {
			t.Errorf("methods(%v, %s) = %v, want %v", c.said, c.kind, got, c.want)
		}
	}
}

func TestOnlyCompletedIsAProof(t *testing.T) {
	t.Parallel()
	for _, status := range []any{"OTP_REQUIRED", "FAILED", "completed", "", nil, 7.0} {
		done := connector.Complete{Output: map[string]any{}}
		Authenticated()(Answer{Body: map[string]any{"status": status, "user": map[string]any{"id": "u1"}}}, &done)
		if done.Proof != nil {
			t.Errorf("status %v gives %+v", status, done.Proof)
		}
	}
}

func TestProofTimes(t *testing.T) {
	t.Parallel()
	p := proofOf(Answer{Body: map[string]any{"user": map[string]any{"id": "u1"}, "createdAt": "2026-03-01T13:00:00.5+01:00", "updatedAt": "soon"}}, "", "EMAIL")
	if want := time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC); !p.Since.Equal(want) || p.Since.Location() != time.UTC {
		t.Errorf("since %v, want %v", p.Since, want)
	}
	if !p.At.IsZero() {
		t.Errorf("at %v, want none", p.At)
	}
}
