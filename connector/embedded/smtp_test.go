package embedded_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// post is a mail server in process, and what it does to its clients.
type post struct {
	t       *testing.T
	addr    string
	trust   *x509.CertPool
	refuse  error // for every receiver
	noLogin bool
	hangUp  bool // after each mail, without a goodbye
	mu      sync.Mutex
	mails   []delivered
	logins  int
}

// delivered is one mail as the server got it.
type delivered struct {
	from, to string
	secure   bool
	login    string
	header   mail.Header
	body     string
}

// newPost starts a server: secure is "starttls", "implicit" or "none".
func newPost(t *testing.T, secure string, set func(*post)) *post {
	t.Helper()
	tlsServer := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(tlsServer.Close)
	p := &post{t: t, trust: x509.NewCertPool()}
	p.trust.AddCert(tlsServer.Certificate())
	if set != nil {
		set(p)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{post: p, conn: c}, nil }))
	s.Domain, s.AllowInsecureAuth, s.MaxMessageBytes = "post.test", true, 1<<20
	s.ErrorLog = silent{}
	config := &tls.Config{Certificates: tlsServer.TLS.Certificates}
	if secure == "starttls" {
		s.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	if secure == "implicit" {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends with Close
	}()
	t.Cleanup(func() {
		_ = s.Close() // connections that hung up are closed already
		<-done
	})
	return p
}

// sender is the client of the server.
func (p *post) sender(user, query string) *embedded.SMTP {
	p.t.Helper()
	s, err := embedded.NewSMTP("smtp://"+user+p.addr+"?from=noreply@mfaflow.test"+query,
		embedded.SMTPOptions{TLS: &tls.Config{RootCAs: p.trust}})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *post) all() []delivered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mails
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// session is one connection to a post.
type session struct {
	post *post
	conn *smtp.Conn
	now  delivered
	sent bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.post.mu.Lock()
		defer s.post.mu.Unlock()
		s.post.logins++
		if s.post.noLogin || user != "mailer" || password != "s3cret/?" {
			return smtp.ErrAuthFailed
		}
		s.now.login = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.now.from = from; return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.now.to = to; return s.post.refuse }

func (s *session) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return err
	}
	_, s.now.secure = s.conn.TLSConnectionState()
	s.now.header, s.now.body = m.Header, strings.TrimSuffix(string(body), "\r\n") // the line that ends a mail
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.mails = append(s.post.mails, s.now)
	s.sent = true
	return nil
}

func (s *session) Reset() {
	if s.post.hangUp && s.sent {
		_ = s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }

func letter() outbox.Message {
	return outbox.Message{ID: "0199aaaa-0000-7000-8000-000000000001", Environment: envID, Channel: "EMAIL", To: "ben@example.com",
		Subject: "Your code – jetzt", Text: "Your code is 123456.\n\n.\nGrüße", Code: "123456", CreatedAt: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"starttls", "implicit", "none"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, mode, nil)
			s := p.sender("mailer:s3cret%2F%3F@", "&tls="+mode)
			for range 2 { // a second delivery is the same mail
				if err := s.Send(t.Context(), letter()); err != nil {
					t.Fatal(err)
				}
			}
			all := p.all()
			if len(all) != 2 {
				t.Fatalf("%d mails", len(all))
			}
			for _, m := range all {
				subject, err := new(mime.WordDecoder).DecodeHeader(m.header.Get("Subject"))
				if err != nil {
					t.Error(err)
				}
				if m.from != "noreply@mfaflow.test" || m.to != "ben@example.com" || m.secure != (mode != "none") || m.login != "mailer" ||
					subject != "Your code – jetzt" || m.header.Get("Message-Id") != "<0199aaaa-0000-7000-8000-000000000001@mfaflow.test>" ||
					m.header.Get("Date") != "Sun, 22 Nov 2026 09:00:00 +0000" || m.header.Get("Auto-Submitted") != "auto-generated" ||
					m.header.Get("To") != "<ben@example.com>" || m.header.Get("From") != "<noreply@mfaflow.test>" {
					t.Errorf("mail %+v", m)
				}
				if got := strings.ReplaceAll(m.body, "\r\n", "\n"); got != letter().Text {
					t.Errorf("text %q", got)
				}
			}
		})
	}
}

// Mail for another machine goes encrypted or not at all, and to a server that proves who
// it is. No password is said before.
func TestSMTPWantsTLS(t *testing.T) {
	t.Parallel()
	plain := newPost(t, "none", nil)
	if err := plain.sender("", "&tls=starttls").Send(t.Context(), letter()); err == nil {
		t.Error("a server without STARTTLS got a mail")
	}
	if err := plain.sender("mailer:s3cret%2F%3F@", "&tls=starttls").Send(t.Context(), letter()); err == nil {
		t.Error("a server without STARTTLS got a mail")
	}
	strange := newPost(t, "starttls", func(p *post) {})
	s, err := embedded.NewSMTP("smtp://mailer:s3cret@"+strange.addr+"?from=noreply@mfaflow.test&tls=starttls", embedded.SMTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), letter()); err == nil {
		t.Error("a server with an unknown certificate got a mail")
	}
	if plain.logins+strange.logins != 0 || len(plain.all())+len(strange.all()) != 0 {
		t.Errorf("%d, %d logins", plain.logins, strange.logins)
	}
}

// nothing in a message begins a header, a second receiver or a second mail.
func TestA62MailInjection(t *testing.T) {
	t.Parallel()
	p := newPost(t, "none", nil)
	s := p.sender("", "")
	m := letter()
	m.Subject = "Hi\r\nBcc: eve@example.com\r\n\r\n<b>\u202e\u2028x"
	m.Text = "one\r\n.\r\nMAIL FROM:<eve@example.com>\r\n{{.}} ${jndi:x} <script>"
	m.ID = "x>\r\nX-Eve: 1"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := p.all()
	if len(got) != 1 || got[0].header.Get("Bcc") != "" || got[0].header.Get("X-Eve") != "" || got[0].header.Get("Message-Id") != "<xX-Eve1@mfaflow.test>" || got[0].body != m.Text ||
		!strings.HasPrefix(got[0].header.Get("Content-Type"), "text/plain") {
		t.Errorf("mails %+v", got)
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(got[0].header.Get("Subject")); err != nil || subject != "Hi  Bcc: eve@example.com    <b>  x" {
		t.Errorf("subject %q, %v", subject, err)
	}
	for _, to := range []string{"ben@example.com\r\nBcc: eve@example.com", "a@x.org, b@x.org", "Ben <ben@example.com>", "<ben@example.com>", "ben@example.com\r\nDATA", "", `"a b"@x.org`} {
		m.To = to
		if err := s.Send(t.Context(), m); !errors.Is(err, embedded.ErrRejected) || to != "" && strings.Contains(err.Error(), to) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if n := len(p.all()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// Only what the server refuses for good is given up; errors name no address.
func TestSMTPRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set      func(*post)
		rejected bool
	}{
		"unknown mailbox": {func(p *post) { p.refuse = &smtp.SMTPError{Code: 550, Message: "no ben@example.com here"} }, true},
		"mailbox full":    {func(p *post) { p.refuse = &smtp.SMTPError{Code: 452, Message: "ben@example.com is full"} }, false},
		"password":        {func(p *post) { p.noLogin = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, "none", c.set)
			err := p.sender("mailer:s3cret%2F%3F@", "").Send(t.Context(), letter())
			if err == nil || errors.Is(err, embedded.ErrRejected) != c.rejected {
				t.Errorf("error %v", err)
			}
			if strings.Contains(err.Error(), "ben@") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
	s, err := embedded.NewSMTP("smtp://127.0.0.1:1?from=a@b.org", embedded.SMTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), letter()); err == nil || errors.Is(err, embedded.ErrRejected) {
		t.Errorf("nobody there: %v", err)
	}
}

// A server that has the mail and then hangs up has it: it is not sent again.
func TestSMTPWithoutGoodbye(t *testing.T) {
	t.Parallel()
	p := newPost(t, "none", func(p *post) { p.hangUp = true })
	if err := p.sender("", "").Send(t.Context(), letter()); err != nil {
		t.Error(err)
	}
	if n := len(p.all()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// A server that falls silent is left when the context ends.
func TestSMTPSilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, "220 hello\r\n")
		_, _ = bufio.NewReader(c).ReadString('\n') // the client's EHLO, for whose answer it waits
		cancel()
		_, _ = io.ReadAll(c) // until the client goes
		_ = c.Close()
	}()
	s, err := embedded.NewSMTP("smtp://"+l.Addr().String()+"?from=a@b.org", embedded.SMTPOptions{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(ctx, letter()); err == nil {
		t.Error("a silent server took the mail")
	}
}

func TestSMTPInParallel(t *testing.T) {
	t.Parallel()
	p := newPost(t, "starttls", nil)
	s := p.sender("mailer:s3cret%2F%3F@", "&tls=starttls")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			m := letter()
			m.To = fmt.Sprintf("user%d@example.com", i)
			if err := s.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	to := map[string]bool{}
	for _, m := range p.all() {
		to[m.to] = true
	}
	if len(to) != 8 {
		t.Errorf("receivers %v", to)
	}
}

func TestSMTPOptions(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "http://x?from=a@b.org", "smtp://?from=a@b.org", "smtp://mail.test", "smtp://mail.test?from=nobody", "smtp://mail.test?from=a@b.org%0d%0aBcc:x@y.org",
		"smtp://mail.test?from=a@b.org&tls=maybe", "smtps://mail.test?from=a@b.org&tls=none", "smtp://mail.test?from=a@b.org&cc=x@y.org",
		"smtp://u:hunter2@mail.test?from=a@b.org&tls=none", "smtp://u:hunter2@mail.test:99999?from=a@b.org", "smtp://u:hunter2@mail.test/x?from=a@b.org",
		"smtp://u:hunter2@mail.test:x?from=a@b.org", "smtp://mail.test?from=%zz",
	} {
		_, err := embedded.NewSMTP(bad, embedded.SMTPOptions{})
		if !errors.Is(err, embedded.ErrOptions) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, good := range []string{
		"smtp://mail.test?from=a@b.org", "smtps://u:p@mail.test?from=a@b.org", "smtp://mail.test?from=a@b.org&tls=none",
		"smtp://u:p@localhost:2525?from=Sign-on%20%3Ca@b.org%3E", "smtp://u:p@[::1]?from=a@b.org",
	} {
		if _, err := embedded.NewSMTP(good, embedded.SMTPOptions{}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// A code goes from the service through the outbox and a real server to the person, and
// signs them on.
func TestCodeByRealMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPost(t, "starttls", nil)
	w.outbox = outbox.New(w.db, envID, p.sender("mailer:s3cret%2F%3F@", "&tls=starttls").Send, outbox.Options{})
	user, _ := w.ben()
	da := w.begin(user).text("id")
	if n, err := w.outbox.Drain(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d sent, %v", n, err)
	}
	_, rest, _ := strings.Cut(p.all()[0].body, "Your code is ")
	code, _, _ := strings.Cut(rest, ".")
	w.check(da, code).want(200, "")
}
