package authn

import (
	"errors"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// assertion is the body of assertion.check.
type assertion struct {
	Assertion     *string `json:"assertion"`
	Origin        *string `json:"origin"`
	Compatibility string  `json:"compatibility"`
}

func (b assertion) validate() error {
	switch {
	case b.Assertion == nil:
		return rest.Required("assertion")
	case b.Origin == nil:
		return rest.Required("origin")
	}
	return compatible(b.Compatibility)
}

// checkAssertion answers assertion.check. Where the user is not known, the passkey says
// who it is, and its user is latched before anything is read that the verdict depends on.
func (s *Authentications) checkAssertion(c *rest.Call) (rest.Reply, error) {
	var b assertion
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if err := b.validate(); err != nil {
		return rest.Reply{}, err
	}
	x, d, err := s.answering(c, *b.Assertion)
	if err != nil {
		return rest.Reply{}, err
	}
	x.hear(b.Compatibility)
	if err := s.answerable(c, x, d); err != nil {
		return rest.Reply{}, err
	}
	said, err := s.asserted(c, x, d, b)
	if err != nil {
		return rest.Reply{}, s.unasserted(c, x, d, err)
	}
	if err := s.proven(c, x, d, said); err != nil {
		return rest.Reply{}, err
	}
	return s.reply(c, x)
}

// answering finds the deviceAuthentication of the path and the passkey that answers, nil
// for none that is known here.
func (s *Authentications) answering(c *rest.Call, answer string) (*session, *device.Record, error) {
	peeked, err := s.peek(c)
	if err != nil {
		return nil, nil, err
	}
	user := peeked.User
	credential, _, err := passkey.Identify(answer)
	if err != nil {
		return s.answeredBadly(c, user, peeked.ID)
	}
	owner, known, err := s.Credentials.Find(c, credential)
	if err != nil {
		return nil, nil, err
	}
	anyone := user == ""
	if anyone && known {
		user = owner.User
	}
	if user == "" {
		return s.answeredBadly(c, user, peeked.ID)
	}
	x, err := s.latchedOf(c, user, peeked.ID)
	if err != nil {
		return nil, nil, err
	}
	if x.account == nil {
		r := *x.record
		r.User = user
		if x, err = s.load(c, &r); err != nil {
			return nil, nil, err
		}
	}
	return x, x.device(owner.Device), nil
}

// answeredBadly is answering for what names no passkey.
func (s *Authentications) answeredBadly(c *rest.Call, user, id string) (*session, *device.Record, error) {
	x, err := s.latchedOf(c, user, id)
	return x, nil, err
}

// answerable refuses an assertion where none can be checked.
func (s *Authentications) answerable(c *rest.Call, x *session, d *device.Record) error {
	if _, ok := next(x.Status, AssertionRight); !ok {
		if selected, hot := x.selected(); selected != nil && x.Status != Completed && unusable(hot, c.Tx.Now()) {
			return lockedPasskey()
		}
		return x.move(AssertionRight)
	}
	if x.account == nil || d == nil {
		return nil // told by the verdict
	}
	if err := x.policy.Admits(x.account, c.Tx.Now()); err != nil {
		return barred(c, x, err)
	}
	if unusable(x.account.Device(d.ID), c.Tx.Now()) {
		return lockedPasskey()
	}
	return nil
}

// lockedPasskey is the refusal of a passkey that cools down or is blocked, by PingOne's
// only code for it.
func lockedPasskey() error {
	return rest.Refuse(rest.RequestFailed, rest.TooManyOTPRetries, "assertion", "The device cannot be used now: too many attempts were refused, or it is blocked")
}

// barred writes why the owner of a passkey may not sign on, which no flow shows, and gives
// the refusal.
func barred(c *rest.Call, x *session, err error) error {
	var refusal *rest.Problem
	if !errors.As(err, &refusal) {
		return err
	}
	err = c.Audit(rest.Event{Type: "ASSERTION.CHECK_FAILED", User: x.User, ResourceType: "AUTHENTICATION", ResourceID: x.ID,
		Result: rest.Failed, Description: refusal.Body.Details[0].Message})
	if err != nil {
		return err
	}
	return refusal.Keep()
}

// asserted judges an assertion by the FIDO2 policy of its challenge.
func (s *Authentications) asserted(c *rest.Call, x *session, d *device.Record, b assertion) (passkey.Asserted, error) {
	none := passkey.Asserted{}
	switch {
	case s.late(c, x):
		return none, &passkey.Refusal{Step: "7.2.6", Reason: "the challenge is no longer valid"}
	case d == nil || d.Passkey == nil || d.Passkey.RPID != x.Ask.RPID || !s.served(x, d):
		if _, _, err := passkey.Identify(*b.Assertion); err != nil {
			return none, err
		}
		return none, &passkey.Refusal{Step: "7.2.3", Reason: "a credential that is not known here"}
	}
	p, err := fido2.Effective(c.Tx, c.Env, x.Ask.Policy)
	if err != nil {
		return none, err
	}
	expect := passkey.Expect{Challenge: x.Ask.Challenge, RPID: x.Ask.RPID, Origins: s.Origins(x.Ask.RPID), TopOrigins: s.TopOrigins,
		Rules: p.Rules(c), Now: c.Tx.Now()}
	if x.Device == "" {
		expect.Rules = alone(expect.Rules)
	} else if expect.Allowed = s.allowed(c, x); len(expect.Allowed) == 0 {
		return none, &passkey.Refusal{Step: "7.2.2", Reason: "the credential that was asked for is gone"} // not: any will do
	}
	credential := *d.Passkey.Credential
	credential.SignCount = uint32(x.account.Device(d.ID).Step)
	return passkey.Assert(expect, credential, []byte(x.User), *b.Origin, *b.Assertion)
}

// allowed are the credentials that were asked for and can still be used.
func (s *Authentications) allowed(c *rest.Call, x *session) [][]byte {
	some := []*device.Record{x.device(x.Device)}
	if x.Ask.Aggregate && some[0] != nil {
		some = s.alike(c, x, some[0])
	}
	var out [][]byte
	for _, d := range some {
		if d != nil && d.Passkey != nil {
			out = append(out, d.Passkey.Credential.ID)
		}
	}
	return out
}

// proven ends the session with success. The challenge is forgotten: it cannot be answered
// again.
func (s *Authentications) proven(c *rest.Call, x *session, d *device.Record, said passkey.Asserted) error {
	if err := x.move(AssertionRight); err != nil {
		return err
	}
	hot := x.account.Device(d.ID)
	hot.Right()
	x.account.CodeRight()
	hot.Step, hot.BackedUp = int64(said.SignCount), said.BackedUp
	if err := x.saveAccount(c); err != nil {
		return err
	}
	x.Device, x.Ask, x.AMR = d.ID, nil, methods(d.Passkey.Credential, said)
	if err := audited(c, "ASSERTION.CHECK_SUCCESS", x, rest.Success); err != nil {
		return err
	}
	return s.update(c, x, rest.Success)
}

// methods are what a passkey proves (RFC 8176): a key that never leaves its authenticator,
// or one that is synchronised, and that the authenticator verified its user.
func methods(k *passkey.Credential, said passkey.Asserted) []string {
	out := []string{"mfa", "hwk"}
	if k.BackupEligible {
		out[1] = "swk"
	}
	if said.UserVerified {
		out = append(out, "user")
	}
	return out
}

// unasserted writes what a refused assertion leads to, and gives the refusal. One for a
// passkey of a user who is known counts towards its cool-down; where the passkey was to say
// who it is it does not, for anybody can name one. Signatures are not found by trying, so
// none of them, which strangers can cause, blocks the passkey or locks the account.
func (s *Authentications) unasserted(c *rest.Call, x *session, d *device.Record, err error) error {
	refusal, event := device.Unproven("assertion", err)
	if refusal == nil {
		return err
	}
	event.Type, event.User, event.ResourceType, event.ResourceID = "ASSERTION.CHECK_FAILED", x.User, "AUTHENTICATION", x.ID
	if err := c.Audit(event); err != nil {
		return err
	}
	selected, hot := x.selected()
	if x.Device == "" || selected == nil || s.late(c, x) {
		return refusal.Keep()
	}
	f := hot.Wrong(x.policy.Rule(selected.Type, 0), c.Tx.Now())
	if err := x.saveAccount(c); err != nil {
		return err
	}
	if err := s.consequences(c, x, otp.Result{Failure: f}); err != nil {
		return err
	}
	return refusal.With("attemptsRemaining", f.Left).Keep()
}

// late reports whether the challenge is no longer valid: whoever was slow has not guessed.
func (s *Authentications) late(c *rest.Call, x *session) bool {
	return !c.Tx.Now().Before(time.UnixMilli(x.Ask.Until))
}
