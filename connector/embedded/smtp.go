package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// ErrRejected marks a message that its receiver refused for good: to send it again is of
// no use. Any other error of a Sender means "try later".
var ErrRejected = errors.New("the message was rejected for good")

// SMTP is the Sender of e-mail. Each message is one connection and one plain text mail,
// whose Message-ID is made from the message's own: a second delivery after a crash is
// the same mail. Safe for concurrent use.
type SMTP struct {
	host    string
	port    int
	user    string
	pass    string
	from    string
	name    string // of From, may be empty
	mode    string // starttls, implicit, none
	o       SMTPOptions
	options []mail.Option
}

var _ Sender = (*SMTP)(nil)

// SMTPOptions tune an SMTP; the zero value is what a server wants.
type SMTPOptions struct {
	// TLS is the configuration of TLS; nil trusts the system's certificates.
	TLS *tls.Config

	// Timeout ends one connection, and each wait within it; 0 is 20 s.
	Timeout time.Duration
}

// The ways of encryption.
const (
	tlsStart    = "starttls"
	tlsImplicit = "implicit"
	tlsNone     = "none"
)

// NewSMTP reads where mail goes to:
//
//	smtp://user:password@host:port?from=address&tls=starttls|implicit|none
//
// User, password and port may be missing; "smtps" is "smtp" with tls=implicit. A host
// that is not this machine is spoken to over TLS, by STARTTLS unless tls says otherwise,
// and gets no mail if it offers none; tls=none permits it, but not with a password.
// from is an address, or "Name <address>". Errors: ErrOptions.
func NewSMTP(rawURL string, o SMTPOptions) (*SMTP, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("the SMTP URL cannot be read: %w", ErrOptions) // err would show the password
	}
	if u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("the SMTP URL is not smtp://user:password@host:port?from=…: %w", ErrOptions)
	}
	s := &SMTP{host: u.Hostname(), user: u.User.Username(), o: o}
	s.pass, _ = u.User.Password()
	if s.o.Timeout == 0 {
		s.o.Timeout = 20 * time.Second
	}
	if s.o.TLS == nil {
		s.o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if s.o.TLS.ServerName == "" {
		s.o.TLS = s.o.TLS.Clone()
		s.o.TLS.ServerName = s.host
	}
	if err := s.query(u); err != nil {
		return nil, err
	}
	return s, s.client()
}

// query reads sender, encryption and port.
func (s *SMTP) query(u *url.URL) error {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("the SMTP URL's query: %w", ErrOptions)
	}
	for name := range q {
		if name != "from" && name != "tls" {
			return fmt.Errorf("the SMTP URL has an unknown parameter %q: %w", name, ErrOptions)
		}
	}
	if s.name, s.from, err = sender(q.Get("from")); err != nil {
		return err
	}
	s.mode = q.Get("tls")
	switch {
	case s.mode == "" && u.Scheme == "smtps":
		s.mode = tlsImplicit
	case s.mode == "" && isLoopback(s.host):
		s.mode = tlsNone
	case s.mode == "":
		s.mode = tlsStart
	}
	ports := map[string]int{tlsStart: 587, tlsImplicit: 465, tlsNone: 25}
	if s.port = ports[s.mode]; s.port == 0 || u.Scheme == "smtps" && s.mode != tlsImplicit {
		return fmt.Errorf("the SMTP URL's tls must be starttls, implicit or none: %w", ErrOptions)
	}
	if s.mode == tlsNone && s.user != "" && !isLoopback(s.host) {
		return fmt.Errorf("the SMTP URL has a password and tls=none: it would be sent in the clear: %w", ErrOptions)
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return fmt.Errorf("the SMTP URL's port: %w", ErrOptions)
		}
	}
	return nil
}

// sender takes "address" or "Name <address>" apart.
func sender(from string) (name, addr string, err error) {
	addr = from
	if before, in, ok := strings.Cut(from, "<"); ok && strings.HasSuffix(in, ">") {
		name, addr = strings.Trim(before, ` "`), strings.TrimSuffix(in, ">")
	}
	if !address.ValidEmail(addr) || clean(name) != name {
		return "", "", fmt.Errorf("the SMTP URL needs from=address, the address that mails come from: %w", ErrOptions)
	}
	return name, addr, nil
}

// isLoopback reports whether a host is this machine, without asking a name server.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// client prepares the options of the connections and tries them once.
func (s *SMTP) client() error {
	policy := map[string]mail.TLSPolicy{
		tlsStart: mail.TLSMandatory, tlsNone: mail.NoTLS,
		tlsImplicit: mail.TLSOpportunistic, // we make the TLS connection; so the library sees that it is one
	}[s.mode]
	s.options = []mail.Option{mail.WithPort(s.port), mail.WithTLSPolicy(policy), mail.WithTLSConfig(s.o.TLS), mail.WithTimeout(s.o.Timeout)}
	if s.user != "" {
		auth := mail.SMTPAuthAutoDiscover
		if s.mode == tlsNone {
			auth = mail.SMTPAuthPlainNoEnc // on this machine only
		}
		s.options = append(s.options, mail.WithUsername(s.user), mail.WithPassword(s.pass), mail.WithSMTPAuth(auth))
	}
	if _, err := mail.NewClient(s.host, s.options...); err != nil {
		return fmt.Errorf("SMTP: %w: %w", err, ErrOptions)
	}
	return nil
}

// Send delivers one message to the server. Errors: ErrRejected for an address or a mail
// that the server refuses for good; any other means "try later". They name no address.
func (s *SMTP) Send(ctx context.Context, m outbox.Message) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	line := &line{mode: s.mode, tls: s.o.TLS}
	defer line.close()
	defer context.AfterFunc(ctx, line.close)() // a server that falls silent does not hold us
	client, err := mail.NewClient(s.host, append(s.options[:len(s.options):len(s.options)], mail.WithDialContextFunc(line.dial))...)
	if err != nil {
		return fmt.Errorf("SMTP: %w", err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("SMTP connection: %w", err)
	}
	err = client.SendWithSMTPClient(conn, msg)
	if msg.IsDelivered() {
		_ = client.CloseWithSMTPClient(conn) // the server has the mail: a failing goodbye must not send it again
		return nil
	}
	return refusal(err)
}

// refusal says why a mail was not taken, without the address that the library tells.
func refusal(err error) error {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return errors.New("SMTP: not delivered")
	}
	out := fmt.Errorf("SMTP: %s (%d %s)", e.Reason, e.ErrorCode(), clean(e.EnhancedStatusCode()))
	switch e.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		if e.ErrorCode() >= 500 {
			return fmt.Errorf("%w: %w", out, ErrRejected)
		}
	}
	return out
}

// message writes the mail. Nothing in it can begin a header or a second mail: the
// address is one bare address, the subject one line, the text encoded.
func (s *SMTP) message(m outbox.Message) (*mail.Msg, error) {
	if !address.ValidEmail(m.To) {
		return nil, fmt.Errorf("SMTP: the receiver is no e-mail address: %w", ErrRejected)
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	err := msg.FromFormat(s.name, s.from)
	if err == nil {
		err = msg.To(m.To)
	}
	if err != nil {
		return nil, fmt.Errorf("SMTP: the receiver is no e-mail address: %w", ErrRejected)
	}
	msg.Subject(clean(m.Subject))
	msg.SetMessageIDWithValue(strings.Map(idRune, m.ID) + "@" + s.from[strings.LastIndexByte(s.from, '@')+1:])
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, nil
}

// idRune keeps what may stand in a Message-ID.
func idRune(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '.' {
		return r
	}
	return -1
}

// clean makes one line of a text: control characters, line separators and marks that
// change the direction of writing become blanks.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return ' '
		}
		return r
	}, s)
}
