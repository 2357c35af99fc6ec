package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// channels are all that a message can be sent on. Those without a sender count as
// disabled; a person must know.
var channels = []string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "PUSH"}

// senders says who carries the messages of a channel.
type senders map[string]embedded.Sender

// wireSenders finds the senders that are configured: SMTP for e-mail, the webhook for
// all else. In dev the inbox is the sender of channels that have no other.
func (a *app) wireSenders() error {
	a.senders = senders{}
	if c := a.config; c.send != nil {
		a.senders.fill(sendFunc(c.send))
		return nil
	}
	mail, err := a.config.newSMTP()
	if err != nil {
		return err
	}
	if mail != nil {
		a.senders["EMAIL"] = mail
	}
	s, err := a.config.newWebhook()
	if err != nil {
		return err
	}
	if s != nil {
		for _, c := range channels[1:] {
			a.senders[c] = s
		}
	}
	if a.config.dev {
		a.senders.fill(a.inbox)
	}
	return nil
}

// newSMTP makes what carries e-mail, nil if nothing is set.
func (c *config) newSMTP() (*embedded.SMTP, error) {
	if c.smtpURL == "" {
		return nil, nil
	}
	s, err := embedded.NewSMTP(c.smtpURL, c.smtp)
	if err != nil {
		return nil, usagef("smtp-url (MFAFLOW_SMTP_URL): %w; want smtp://user:password@host:port?from=address&tls=starttls|implicit|none", err)
	}
	return s, nil
}

// newWebhook makes what carries text messages, calls and pushes, nil if nothing is set.
func (c *config) newWebhook() (*embedded.Webhook, error) {
	if c.hookURL == "" && c.hookSecret == "" {
		return nil, nil
	}
	s, err := embedded.NewWebhook(c.hookURL, c.hookSecret, embedded.WebhookOptions{})
	if err != nil {
		return nil, usagef("sms-webhook-url (MFAFLOW_SMS_WEBHOOK_URL), sms-webhook-secret (MFAFLOW_SMS_WEBHOOK_SECRET): %w; want both, the first https://host/path", err)
	}
	return s, nil
}

// fill makes s the sender of the channels that have none.
func (l senders) fill(s embedded.Sender) {
	for _, c := range channels {
		if l[c] == nil {
			l[c] = s
		}
	}
}

// split lists the channels that have a sender and those that have none.
func (l senders) split() (with, without []string) {
	for _, c := range channels {
		if l[c] == nil {
			without = append(without, c)
		} else {
			with = append(with, c)
		}
	}
	return with, without
}

// sendFunc is a Sender.
type sendFunc func(context.Context, outbox.Message) error

// Send calls the function.
func (f sendFunc) Send(ctx context.Context, m outbox.Message) error { return f(ctx, m) }

// send carries a message of the outbox. One that its receiver refuses for good is logged
// and given up: no later try would change the answer. A channel without a sender is
// reached only by messages of an earlier configuration.
func (a *app) send(ctx context.Context, m outbox.Message) error {
	s := a.senders[m.Channel]
	if s == nil {
		return fmt.Errorf("channel %s has no sender", m.Channel)
	}
	err := s.Send(ctx, m)
	if errors.Is(err, embedded.ErrRejected) {
		a.log.Error("message given up", slog.String("id", m.ID), slog.String("channel", m.Channel), slog.Any("error", err))
		return nil
	}
	return err
}
