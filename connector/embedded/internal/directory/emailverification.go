package directory

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// emailVerification is the resource (reference pingone-platform-api 2).
type emailVerification struct {
	Links       rest.LinkSet `json:"_links"`
	Environment rest.Ref     `json:"environment"`
	User        rest.Ref     `json:"user"`
	Status      string       `json:"status"` // VERIFICATION_REQUIRED, VERIFIED
	CreatedAt   *rest.Time   `json:"createdAt"`
	ExpiresAt   *rest.Time   `json:"expiresAt,omitempty"`
}

func showEmailVerification(c *rest.Call, a *account.Account, status string) emailVerification {
	v := emailVerification{
		Links: rest.LinkSet{"self": c.Links.API("users", a.ID, "emailVerification"), "environment": c.Links.API(),
			"user": c.Links.API("users", a.ID)},
		Environment: rest.Ref{ID: c.Env}, User: rest.Ref{ID: a.ID}, Status: status, CreatedAt: rest.At(c.Tx.Now()),
	}
	if status == verificationRequired {
		v.ExpiresAt = rest.At(c.Tx.Now().Add(forEmail.life()).Truncate(time.Millisecond))
	}
	return v
}

// sendEmailVerification answers user.emailVerification.send: a code that verifies the
// address and nothing else.
func (d *Directory) sendEmailVerification(c *rest.Call) (rest.Reply, error) {
	var b struct {
		NotificationType *string `json:"notificationType"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	templates := map[string]string{"ADMIN": notify.EmailVerificationAdmin, "USER": notify.EmailVerificationUser}
	switch {
	case b.NotificationType == nil:
		return rest.Reply{}, rest.Required("notificationType")
	case templates[*b.NotificationType] == "":
		return rest.Reply{}, rest.Invalid("notificationType", "must be one of ADMIN, USER").
			With("allowedValues", []string{"ADMIN", "USER"})
	}
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := d.mailable(in); err != nil {
		return rest.Reply{}, err
	}
	if err := d.mailCode(c, a.ID, in.email(), templates[*b.NotificationType], forEmail); err != nil {
		return rest.Reply{}, err
	}
	if err := described(c, "USER.UPDATED", a.ID, rest.Success, "e-mail verification sent"); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(showEmailVerification(c, a, verificationRequired))
}

// verifyEmail answers user.emailVerification.verify. A code that went to a former
// address verifies nothing.
func (d *Directory) verifyEmail(c *rest.Call) (rest.Reply, error) {
	guess, err := codeOf(c)
	if err != nil {
		return rest.Reply{}, err
	}
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	j, err := d.judge(c, a.ID, in, forEmail, guess)
	if err != nil {
		return rest.Reply{}, err
	}
	if !j.right || !d.still(in, j) {
		return rest.Reply{}, d.wrongCode(c, a.ID, "verificationCode", j)
	}
	in.Verified = true
	if err := d.Notify.Prove(c, a.ID, notify.Email, in.email()); err != nil {
		return rest.Reply{}, err
	}
	if err := d.keep(c, in, a, "e-mail address verified"); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(showEmailVerification(c, a, "VERIFIED"))
}
