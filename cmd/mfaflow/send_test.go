package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/server/servertest"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// postbox is a mail server in process; received gets each mail's text.
type postbox struct {
	addr     string
	received chan string
	refuse   error
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	p := &postbox{received: make(chan string, 10)}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return postman{p}, nil }))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends with Close
	}()
	t.Cleanup(func() {
		_ = s.Close() // nobody waits for what is open
		<-done
	})
	return p
}

type postman struct{ box *postbox }

func (postman) Mail(string, *smtp.MailOptions) error   { return nil }
func (p postman) Rcpt(string, *smtp.RcptOptions) error { return p.box.refuse }
func (postman) Reset()                                 {}
func (postman) Logout() error                          { return nil }

func (p postman) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(m.Body)
	p.box.received <- m.Header.Get("To") + " " + string(b)
	return err
}

// gateway is the other end of the webhook.
func gateway(t *testing.T) (url string, received chan map[string]any) {
	t.Helper()
	received = make(chan map[string]any, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		received <- m
	}))
	t.Cleanup(srv.Close)
	return srv.URL, received
}

// newServer is a site without dev.
func newServer(t *testing.T, set func(*config)) *site {
	t.Helper()
	s := &site{t: t, clock: &virtual{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, client: servertest.Client(t)}
	s.config = config{
		listen: "127.0.0.1:0", data: privateDir(t), token: siteToken, environment: siteEnv, key: siteKey, now: s.clock.Now, hashCost: cheap,
	}
	if set != nil {
		set(&s.config)
	}
	s.open()
	t.Cleanup(s.close)
	return s
}

func (s *site) notes() (list []string) {
	s.t.Helper()
	status, body := s.call("GET", "/readyz", nil)
	var r struct{ Notes []string }
	if err := json.Unmarshal(body, &r); err != nil || status != http.StatusOK {
		s.t.Fatalf("%d %s %v", status, body, err)
	}
	for _, n := range r.Notes {
		channel, _, _ := strings.Cut(n, " ")
		list = append(list, channel)
	}
	return list
}

// A phone needs no sender for its passcodes, and the note says so.
func TestNoteOfPush(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	_, body := s.call("GET", "/readyz", nil)
	if !strings.Contains(string(body), "PUSH has no sender: phones get no pushes, their passcodes work") {
		t.Errorf("%s", body)
	}
}

// When too many messages went to new addresses, the operator is told, until it is over.
func TestReachingTheLimitOfMessagesIsTold(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	told := func() bool {
		t.Helper()
		_, body := s.call("GET", "/readyz", nil)
		return strings.Contains(string(body), messagesFull)
	}
	if told() {
		t.Error("told before anything was sent")
	}
	err := s.app.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Put(store.K(siteEnv, "unproven", "environment", "0"), fmt.Appendf(nil, "[[%d,2000]]", tx.Now().Unix()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !told() {
		t.Error("not told at the limit")
	}
	s.move(time.Hour)
	if told() {
		t.Error("told an hour later")
	}
}

// api asks the embedded service.
func (s *site) api(method, media, path string, body any) map[string]any {
	s.t.Helper()
	q := pingone.Request{Method: method, Path: strings.Split(path, "/"), Body: body}
	if media != "" {
		q.MediaType = pingone.MediaType(media)
	}
	r, err := s.app.service.Do(s.t.Context(), q)
	if err != nil || r.Status >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, r.Status, r.Body, err)
	}
	var out map[string]any
	if err := json.Unmarshal(r.Body, &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// run serves the background jobs until the test ends.
func (s *site) run() {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(s.t.Context())
	done := make(chan error)
	go func() { done <- s.app.serve(ctx, l) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

// With senders configured, codes go out by them, and nothing is missing.
func TestServeSends(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	url, texts := gateway(t)
	s := newServer(t, func(c *config) {
		c.smtpURL, c.hookURL, c.hookSecret = "smtp://"+p.addr+"?from=noreply@mfaflow.test", url, "secret"
	})
	s.run()
	if n := s.notes(); n != nil {
		t.Errorf("notes %v", n)
	}
	user := s.api("POST", "", "users", map[string]any{"username": "ben", "email": "ben@example.com"})["id"].(string)
	s.api("POST", "user.sendVerificationCode", "users/"+user, nil)
	got := <-p.received
	_, code, ok := strings.Cut(got, "Your code is ")
	if !ok || !strings.HasPrefix(got, "<ben@example.com> ") {
		t.Fatalf("mail %q", got)
	}
	s.api("POST", "user.verify", "users/"+user, map[string]any{"verificationCode": code[:8]})
	for _, kind := range []string{"SMS", "VOICE", "WHATSAPP", "PUSH"} {
		if kind == "WHATSAPP" || kind == "PUSH" { // no such device by a POST under the default policy
			m := outbox.Message{ID: kind, Channel: kind, To: "+43.6641234567", Code: "1", Data: json.RawMessage(`{"id":"p1"}`)}
			if err := s.app.send(t.Context(), m); err != nil {
				t.Error(err)
			}
		} else {
			s.api("POST", "", "users/"+user+"/devices", map[string]any{"type": kind, "phone": "+43.6641234567", "status": "ACTIVATION_REQUIRED"})
		}
		if m := <-texts; m["channel"] != kind || m["to"] != "+43.6641234567" || m["code"] == "" {
			t.Errorf("%s: %v", kind, m)
		}
	}
}

// Without a sender a channel counts as disabled, and /readyz names it. In dev the inbox
// has what nobody else carries.
func TestChannelsWithoutSender(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	mail := func(c *config) { c.smtpURL = "smtp://" + p.addr + "?from=noreply@mfaflow.test" }
	if d := cmp.Diff([]string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "PUSH"}, newServer(t, nil).notes()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"SMS", "VOICE", "WHATSAPP", "PUSH"}, newServer(t, mail).notes()); d != "" {
		t.Error(d)
	}
	dev := newServer(t, func(c *config) { mail(c); c.dev = true })
	if n := dev.notes(); n != nil {
		t.Errorf("notes %v", n)
	}
	for _, channel := range channels {
		to := map[bool]string{true: "ben@example.com", false: "+43.6641234567"}[channel == "EMAIL"]
		if err := dev.app.send(t.Context(), outbox.Message{ID: channel, Channel: channel, To: to, Text: channel}); err != nil {
			t.Errorf("%s: %v", channel, err)
		}
	}
	if got := <-p.received; !strings.Contains(got, "EMAIL") {
		t.Errorf("mail %q", got)
	}
	_, body := dev.call("GET", "/dev/inbox", nil)
	if n := strings.Count(string(body), `"channel"`); n != 4 || strings.Contains(string(body), "EMAIL") {
		t.Errorf("inbox %s", body)
	}
	if err := dev.app.send(t.Context(), outbox.Message{Channel: "FAX"}); err == nil {
		t.Error("a channel that nobody knows took a message")
	}
}

// What the receiver refuses for good is given up; what may pass is tried again.
func TestSendGivesUp(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	s := newServer(t, func(c *config) { c.smtpURL = "smtp://" + p.addr + "?from=noreply@mfaflow.test" })
	m := outbox.Message{ID: "m", Channel: "EMAIL", To: "ben@example.com"}
	p.refuse = &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
	if err := s.app.send(t.Context(), m); err != nil {
		t.Error(err)
	}
	p.refuse = &smtp.SMTPError{Code: 450, Message: "later"}
	if err := s.app.send(t.Context(), m); err == nil {
		t.Error("a message was lost")
	}
}

func TestSenderConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{"MFAFLOW_SMTP_URL": "smtp://mail.test?from=a@b.org", "MFAFLOW_SMS_WEBHOOK_URL": "https://gateway.test/", "MFAFLOW_SMS_WEBHOOK_SECRET": "q9Xw-77Lm-aa2P-0zRt"}
	c, err := loadConfig(serveCommand(), func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{c.smtpURL, c.hookURL, c.hookSecret}; !slices.Equal(got, []string{"smtp://mail.test?from=a@b.org", "https://gateway.test/", "q9Xw-77Lm-aa2P-0zRt"}) {
		t.Errorf("config %q", got)
	}
	for _, name := range secretSettings {
		if serveCommand().Flags().Lookup(name) != nil {
			t.Errorf("%s is a flag", name)
		}
	}
	for name, set := range map[string]func(*config){
		"mail without from": func(c *config) { c.smtpURL = "smtp://u:hunter2@mail.test" },
		"plain webhook":     func(c *config) { c.hookURL, c.hookSecret = "http://gateway.test", "hunter2" },
		"no secret":         func(c *config) { c.hookURL = "https://gateway.test" },
		"no webhook":        func(c *config) { c.hookSecret = "hunter2" },
	} {
		c := &config{data: privateDir(t), key: siteKey, url: "http://127.0.0.1", hashCost: cheap}
		set(c)
		_, err := openApp(t.Context(), c, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "MFAFLOW_S") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Once a minute what is dead is swept and the audit is sealed.
func TestHousekeeping(t *testing.T) {
	t.Parallel()
	kept, again := make(chan time.Duration), make(chan time.Time)
	s := newServer(t, func(c *config) {
		c.smtpURL = "smtp://127.0.0.1:1?from=noreply@mfaflow.test"
		c.after = func(d time.Duration) <-chan time.Time {
			kept <- d
			return again
		}
	})
	count := func(kind string) (n int) {
		for _, err := range s.app.db.Scan(t.Context(), store.Under(store.K(siteEnv, kind, ""))) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	user := s.api("POST", "", "users", map[string]any{"username": "ben", "mfaEnabled": true})["id"].(string)
	s.api("POST", "", "users/"+user+"/devices", map[string]any{"type": "EMAIL", "email": "ben@example.com"})
	q := pingone.Request{Host: pingone.HostAuth, Method: "POST", Path: pingone.Path{"deviceAuthentications"}, Body: map[string]any{"user": map[string]any{"id": user}}}
	if r, err := s.app.service.Do(t.Context(), q); err != nil || r.Status != http.StatusCreated {
		t.Fatalf("%s %v", r.Body, err)
	}
	s.run()
	if d := <-kept; d != time.Minute || count("da") != 1 || count("auditseal") != 0 {
		t.Errorf("after %v: %d authentications, %d blocks", d, count("da"), count("auditseal"))
	}
	s.clock.mu.Lock()
	s.clock.now = s.clock.now.Add(3 * time.Hour)
	s.clock.mu.Unlock()
	again <- time.Time{}
	<-kept
	if count("da") != 0 || count("auditseal") != 1 {
		t.Errorf("%d authentications, %d blocks", count("da"), count("auditseal"))
	}
}
