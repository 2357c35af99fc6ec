package directory

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// What PingOne calls the state of an account's verification.
const (
	accountOK            = "ACCOUNT_OK"
	verificationRequired = "VERIFICATION_REQUIRED"
)

// held is must under the user's latch, for what verifies or replaces a proof.
func (d *Directory) held(c *rest.Call) (*info, *account.Account, error) {
	id, err := c.ID("userID")
	if err != nil {
		return nil, nil, err
	}
	if err := c.Tx.Latch(account.Key(c.Env, id)); err != nil {
		return nil, nil, err
	}
	return d.must(c)
}

// mailable refuses a user that no code can be mailed to.
func (d *Directory) mailable(in *info) error {
	switch {
	case in.email() == "":
		return rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "email", "The user has no e-mail address")
	case !d.Notify.Mails():
		return rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "email", "E-mail has no sender")
	}
	return nil
}

// sendVerificationCode answers user.sendVerificationCode: a new code, the old one is
// dead, and the account waits for it.
func (d *Directory) sendVerificationCode(c *rest.Call) (rest.Reply, error) {
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := d.mailable(in); err != nil {
		return rest.Reply{}, err
	}
	if err := d.mailCode(c, a.ID, in.email(), notify.Verification, forAccount); err != nil {
		return rest.Reply{}, err
	}
	in.Status = verificationRequired
	return d.verified(c, in, a, "verification code sent")
}

// verified saves and shows a user whose verification changed.
func (d *Directory) verified(c *rest.Call, in *info, a *account.Account, what string) (rest.Reply, error) {
	if err := d.keep(c, in, a, what); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(d.show(c, in, a))
}

// keep saves a profile that changed, and says how in the event.
func (d *Directory) keep(c *rest.Call, in *info, a *account.Account, what string) error {
	in.Updated = c.Tx.Now().UnixMilli()
	if err := saveInfo(c, a.ID, in); err != nil {
		return err
	}
	return described(c, "USER.UPDATED", a.ID, rest.Success, what)
}

func described(c *rest.Call, event, id, result, what string) error {
	return c.Audit(rest.Event{Type: event, User: id, ResourceType: "USER", ResourceID: id, Result: result, Description: what})
}

// codeBody is the body of what takes a code.
type codeBody struct {
	VerificationCode *string `json:"verificationCode"`
}

func codeOf(c *rest.Call) (string, error) {
	var b codeBody
	if err := c.Decode(&b); err != nil {
		return "", err
	}
	switch {
	case b.VerificationCode == nil:
		return "", rest.Required("verificationCode")
	case *b.VerificationCode == "":
		return "", rest.Empty("verificationCode")
	}
	return *b.VerificationCode, nil
}

// verifyUser answers user.verify: the code makes the account ACCOUNT_OK, and verifies
// the address that it went to if that is still the user's.
func (d *Directory) verifyUser(c *rest.Call) (rest.Reply, error) {
	guess, err := codeOf(c)
	if err != nil {
		return rest.Reply{}, err
	}
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	j, err := d.judge(c, a.ID, in, forAccount, guess)
	if err != nil {
		return rest.Reply{}, err
	}
	if !j.right {
		return rest.Reply{}, d.wrongCode(c, a.ID, "verificationCode", j)
	}
	in.Status = ""
	if d.still(in, j) {
		in.Verified = true
		if err := d.Notify.Prove(c, a.ID, notify.Email, in.email()); err != nil {
			return rest.Reply{}, err
		}
	}
	return d.verified(c, in, a, "account verified")
}

// still reports whether the code went to the address that the user has now.
func (d *Directory) still(in *info, j judgement) bool {
	return in.email() != "" && blind(d.Addresses, in.email()) == j.to
}

// wrongCode is one refusal for a code that is wrong, too old, used, or was never sent.
// Only what was counted is an event.
func (d *Directory) wrongCode(c *rest.Call, id, target string, j judgement) error {
	p := rest.Invalid(target, "The code is not valid; ask for a new one if it is not the last one that was sent")
	if j.waits {
		p = otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	if !j.counted {
		return p
	}
	if err := described(c, "USER.UPDATED", id, rest.Failed, "wrong "+target); err != nil {
		return err
	}
	if d.Codes.Failures > 0 && !j.waits {
		p.With("attemptsRemaining", j.left)
	}
	return p.Keep()
}
