package notify

import (
	"fmt"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Template names of mails to a user's own address, as PingOne has them.
const (
	Verification           = "verification_code_template"
	EmailVerificationUser  = "email_verification_user"
	EmailVerificationAdmin = "email_verification_admin"
	Recovery               = "recovery_code_template"
)

// Email is the channel of Mail.
const Email = "EMAIL"

// patience is how long a mail whose code has no end is worth trying to deliver.
const patience = 24 * time.Hour

// Mail is a message with a code to the address of a user's profile.
type Mail struct {
	Template string
	User     string // whose day it counts in
	To       string
	Group    string // a newer mail of the same group replaces one not sent yet
	Code     string
	LifeTime time.Duration // 0: the code has no end
}

// Mails reports whether e-mail has a sender.
func (n Notifier) Mails() bool { return slices.Contains(n.Channels, Email) }

// Forget drops what is counted and proven of a user.
func Forget(c *rest.Call, user string) {
	c.Tx.Delete(userKey(c.Env, user))
	c.Tx.Delete(provenKey(c.Env, user))
}

// Mail adds the message to the unit of work, or refuses one beyond the limits.
func (n Notifier) Mail(c *rest.Call, m Mail) error {
	lane, err := n.Count(c, Code{User: m.User, Channel: Email, To: m.To})
	if err != nil {
		return err
	}
	now := c.Tx.Now()
	expires := now.Add(patience)
	if m.LifeTime > 0 {
		expires = now.Add(m.LifeTime)
	}
	subject, text := m.texts()
	err = outbox.Add(c.Tx, c.Env, outbox.Message{
		ID: c.Tx.NewID(), Environment: c.Env, Channel: Email, To: m.To, Subject: subject, Text: text, Code: m.Code,
		Supersedes: m.Group, CreatedAt: now, Expires: expires, Lane: lane,
	})
	if err != nil {
		return fmt.Errorf("add a mail: %w", err)
	}
	return nil
}

// texts are fixed but for the code: nothing that a person typed can stand in them.
func (m Mail) texts() (subject, text string) {
	subject, purpose := "Your verification code", "to verify your account"
	switch m.Template {
	case EmailVerificationUser:
		subject, purpose = "Confirm your e-mail address", "to confirm this e-mail address"
	case EmailVerificationAdmin:
		subject, purpose = "Confirm your e-mail address", "to confirm this e-mail address, as your administrator asks"
	case Recovery:
		subject, purpose = "Reset your password", "to set a new password"
	}
	within := ""
	if m.LifeTime > 0 {
		within = " within " + words(m.LifeTime)
	}
	return subject, fmt.Sprintf("Your code is %s. Enter it %s%s.\n\nIf you did not ask for it, do not give it to anyone.",
		m.Code, purpose, within)
}
