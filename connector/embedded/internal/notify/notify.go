// Package notify writes the messages that carry one-time passcodes, and the pushes. They
// go through the outbox in the commit of the step that asked for them, so none is lost and
// none is sent for a step that did not happen.
package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Notifier adds messages to the outbox.
type Notifier struct {
	Channels []string // channels that have a sender; any other counts as disabled
	Test     bool     // test devices are permitted: their codes are answered, not sent
	Quota    Quota
}

// Has reports whether a channel has a sender.
func (n Notifier) Has(channel string) bool { return slices.Contains(n.Channels, channel) }

// Reaches reports whether a code on a channel gets to its person: there is a sender, or
// the device is a test device where those are permitted, or the code needs no channel.
// A test device where they are not permitted gets nothing.
func (n Notifier) Reaches(channel string, test bool) bool {
	if test {
		return n.Test
	}
	return channel == "" || n.Has(channel)
}

// Template names, as PingOne has them.
const (
	DevicePairing        = "device_pairing"
	StrongAuthentication = "strong_authentication"
	Transaction          = "transaction"
)

// Code is a passcode on its way to a person.
type Code struct {
	Template string
	User     string // id
	Channel  string
	To       string
	Group    string // a newer code of the same group replaces one not sent yet
	OTP      string
	LifeTime time.Duration
}

// Send adds the message to the unit of work, if the limits allow it, else it is
// QUOTA_EXCEEDED. It is worthless after LifeTime. The caller has the user's latch.
func (n Notifier) Send(c *rest.Call, m Code) error {
	lane, err := n.Count(c, m)
	if err != nil {
		return err
	}
	return add(c, m, lane)
}

// add adds a message to the unit of work.
func add(c *rest.Call, m Code, lane outbox.Lane) error {
	now := c.Tx.Now()
	subject, text := m.texts()
	err := outbox.Add(c.Tx, c.Env, outbox.Message{
		ID: c.Tx.NewID(), Environment: c.Env, Channel: m.Channel, To: m.To, Subject: subject, Text: text, Code: m.OTP,
		Supersedes: m.Group, CreatedAt: now, Expires: now.Add(m.LifeTime), Lane: lane,
	})
	if err != nil {
		return fmt.Errorf("add a message: %w", err)
	}
	return nil
}

// texts are what the person reads, or hears. A call says the code twice, digit by digit.
func (m Code) texts() (subject, text string) {
	subject, purpose := "Your sign-on code", "to sign on"
	switch m.Template {
	case DevicePairing:
		subject, purpose = "Confirm your new sign-on method", "to confirm this address"
		if m.Channel != "EMAIL" {
			purpose = "to confirm this number"
		}
	case Transaction:
		subject, purpose = "Approve a transaction", "to approve a transaction"
	}
	life := words(m.LifeTime)
	switch m.Channel {
	case "SMS", "WHATSAPP":
		return "", fmt.Sprintf("Your code %s is %s. It is good for %s. Do not share it.", purpose, m.OTP, life)
	case "VOICE":
		digits := strings.Join(strings.Split(m.OTP, ""), ", ")
		return "", fmt.Sprintf("Hello. Your code %s is: %s. Again: %s. Goodbye.", purpose, digits, digits)
	}
	return subject, fmt.Sprintf("Your code is %s. Enter it %s within %s.\n\nIf you did not ask for it, do not give it to anyone.",
		m.OTP, purpose, life)
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
