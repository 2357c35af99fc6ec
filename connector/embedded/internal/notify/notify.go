// Package notify writes the messages that carry one-time passcodes. They go through
// the outbox in the commit of the step that asked for them, so none is lost and none is
// sent for a step that did not happen.
package notify

import (
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Notifier adds messages to the outbox.
type Notifier struct {
	Channels []string // channels that have a sender; any other counts as disabled
}

// Has reports whether a channel has a sender.
func (n Notifier) Has(channel string) bool {
	for _, c := range n.Channels {
		if c == channel {
			return true
		}
	}
	return false
}

// Template names, as PingOne has them.
const (
	DevicePairing        = "device_pairing"
	StrongAuthentication = "strong_authentication"
)

// Code is a passcode on its way to a person.
type Code struct {
	Template string
	Channel  string
	To       string
	Group    string // a newer code of the same group replaces one not sent yet
	OTP      string
	LifeTime time.Duration
}

// Send adds the message to the unit of work. It is worthless after LifeTime.
func (n Notifier) Send(c *rest.Call, m Code) error {
	now := c.Tx.Now()
	subject, text := m.texts()
	err := outbox.Add(c.Tx, c.Env, outbox.Message{
		ID: c.Tx.NewID(), Environment: c.Env, Channel: m.Channel, To: m.To, Subject: subject, Text: text, Code: m.OTP,
		Supersedes: m.Group, CreatedAt: now, Expires: now.Add(m.LifeTime),
	})
	if err != nil {
		return fmt.Errorf("add a message: %w", err)
	}
	return nil
}

func (m Code) texts() (subject, text string) {
	subject = "Your sign-on code"
	purpose := "to sign on"
	if m.Template == DevicePairing {
		subject, purpose = "Confirm your new sign-on method", "to confirm this address"
	}
	return subject, fmt.Sprintf("Your code is %s. Enter it %s within %s.\n\nIf you did not ask for it, do not give it to anyone.",
		m.OTP, purpose, words(m.LifeTime))
}

// words says a duration as people do.
func words(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	if d%time.Minute != 0 {
		n, unit = int(d/time.Second), "second"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
