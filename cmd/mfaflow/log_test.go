package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func TestLogHoldsNoAddress(t *testing.T) {
	t.Parallel()
	out := &written{}
	log := hideAddresses(slog.New(slog.NewJSONHandler(out, nil)), func(string) string { return "#" })
	refusal := fmt.Errorf("send: %w", errors.New("550 5.1.1 <ben@example.com>: Recipient address rejected"))
	log.With(slog.String("to", "ben@example.com")).WithGroup("g").Error("not sent to ben@example.com",
		slog.Any("error", refusal), slog.Group("sms", slog.String("to", "+43 699 12345678")), slog.String("ip", "192.0.2.7"), slog.Int("n", 4369912345))
	text := out.String()
	if strings.Contains(text, "ben@") || strings.Contains(text, "12345678") {
		t.Errorf("an address is in the line %s", text)
	}
	for _, kept := range []string{"192.0.2.7", "Recipient address rejected", "4369912345", `"to":"#"`} {
		if !strings.Contains(text, kept) {
			t.Errorf("the line has no %s: %s", kept, text)
		}
	}
}

// TestServerLogsNoRecipient: the mail server names the recipient in its refusal.
func TestServerLogsNoRecipient(t *testing.T) {
	t.Parallel()
	log := &written{}
	s := newSite(t)
	s.close()
	s.log = slog.New(slog.NewJSONHandler(log, nil))
	s.open()
	s.app.log.Error("message given up", slog.Any("error", errors.New("550 <zqcanary@example.com> rejected")))
	s.call(http.MethodGet, "/zqcanary@example.com", nil)
	if text := log.String(); !strings.Contains(text, "rejected") || strings.Contains(text, "zqcanary") {
		t.Errorf("the log is %s", text)
	}
}
