package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store/outbox"
)

// sentTo counts what a server's gateway was given, by receiver.
type sentTo struct {
	mu sync.Mutex
	n  map[string]int
}

func (s *sentTo) send(_ context.Context, m outbox.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[m.To]++
	return nil
}

func (s *sentTo) total() (n int) {
	for _, k := range s.n {
		n += k
	}
	return n
}

// TestPumpingIsStoppedAtTheDoor: whoever makes accounts and changes the method again and
// again gets as many mails as the limits say, to one mailbox or to many; each answer is a
// screen that says so. An hour later it begins anew.
func TestPumpingIsStoppedAtTheDoor(t *testing.T) {
	t.Parallel()
	const executions, loops = 12, 9
	for name, c := range map[string]struct {
		email func(execution, loop int) string
		want  int
	}{
		"one mailbox":    {func(e, l int) string { return fmt.Sprintf("victim+%d@example.net", e*100+l) }, 5},
		"many mailboxes": {func(e, l int) string { return fmt.Sprintf("victim%d@example.net", e*100+l) }, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := &sentTo{n: map[string]int{}}
			s := newServer(t, func(c *config) { c.send = got.send })
			pump := func(execution int) {
				l := s.startAsManager("registration-and-mfa-enrollment")
				user := fmt.Sprint("user", execution)
				l.act("submit", map[string]any{"username": user, "email": user + "@example.com", "password": "correct horse 9"})
				for loop := range loops {
					l.act("submit", map[string]any{"method": "EMAIL"})
					l.act("submit", map[string]any{"email": c.email(execution, loop)})
					if l.e.Step.Screen == "otp" {
						l.act("change_device", nil)
						continue
					}
					l.see("method-list", "notification.limit")
				}
			}
			for execution := range executions {
				pump(execution)
			}
			deliver := func(want int) {
				t.Helper()
				if _, err := s.app.outbox.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := got.total(); n != want {
					t.Errorf("%d mails, want %d", n, want)
				}
			}
			deliver(c.want)
			s.move(time.Hour)
			pump(executions)
			deliver(c.want + min(c.want, 6))
		})
	}
}

// startAsManager starts a flow with the management token; the person answers it.
func (s *site) startAsManager(flow string) *login {
	s.t.Helper()
	return s.begin(flow, map[string]any{"inputs": map[string]any{}}, "Authorization", "Bearer "+siteToken)
}
