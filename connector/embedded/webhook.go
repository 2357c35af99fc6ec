package embedded

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mfaflow/mfaflow/store/outbox"
)

// Webhook is the Sender of text messages, calls and push notifications: it hands each to
// a gateway, by one signed POST.
//
//	POST URL
//	Content-Type: application/json
//	Idempotency-Key: ID            the same each time that a message is sent again
//	Mfaflow-Timestamp: SECONDS     Unix time of this sending
//	Mfaflow-Signature: v1=HEX      HMAC-SHA256 by the secret over SECONDS "." BODY
//
//	{"id": ID, "environment": ID, "channel": "SMS", "to": "+43…", "text": "…", "code": "…",
//	 "createdAt": TIME, "expires": TIME, "data": {"type": "push", "id": ID, …}}
//
// "data" comes with the channel PUSH alone: what the gateway gives the app with the
// notification whose visible text is "text". "to" is then the device's push token, or its
// id when it gave none. Nothing in it is secret or decides anything: the app asks the
// service what waits.
//
// The receiver compares the signature, refuses a timestamp that is minutes old, and drops
// an Idempotency-Key that it knows. Any 2xx says that it has the message; 400, 413 and
// 422 that it never will; all else that it should be asked again. Safe for concurrent use.
type Webhook struct {
	url    string
	secret []byte
	o      WebhookOptions
	client *http.Client
}

var _ Sender = (*Webhook)(nil)

// WebhookOptions tune a Webhook; the zero value is what a server wants.
type WebhookOptions struct {
	// Transport carries the requests; nil is a new one like http.DefaultTransport.
	Transport http.RoundTripper

	// Timeout ends one request, the answer's body included; 0 is 15 s.
	Timeout time.Duration

	// Now is the time of signatures; nil is time.Now.
	Now func() time.Time
}

// maxAnswer is how much of a gateway's answer is read, in bytes. It is not used, but a
// connection with an unread answer cannot be used again.
const maxAnswer = 16 << 10

// NewWebhook takes the gateway's URL, which must be https or on this machine, and the
// secret that it shares. Errors: ErrOptions.
func NewWebhook(rawURL, secret string, o WebhookOptions) (*Webhook, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "":
		return nil, fmt.Errorf("the webhook's URL is not https://host/path: %w", ErrOptions)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("the webhook's URL must be https: codes are sent there: %w", ErrOptions)
	case secret == "":
		return nil, fmt.Errorf("the webhook has no secret to sign with: %w", ErrOptions)
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Webhook{url: rawURL, secret: []byte(secret), o: o, client: &http.Client{
		Transport: o.Transport, Timeout: o.Timeout,
		// A redirect could lead the code anywhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// hook is the body.
type hook struct {
	ID          string          `json:"id"`
	Environment string          `json:"environment"`
	Channel     string          `json:"channel"`
	To          string          `json:"to"`
	Text        string          `json:"text"`
	Code        string          `json:"code,omitempty"`
	CreatedAt   time.Time       `json:"createdAt"`
	Expires     time.Time       `json:"expires,omitzero"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// Send hands one message to the gateway. Errors: ErrRejected for one that it refuses for
// good; any other means "try later". They name neither the number nor the URL.
func (w *Webhook) Send(ctx context.Context, m outbox.Message) error {
	body, err := json.Marshal(hook{m.ID, m.Environment, m.Channel, m.To, m.Text, m.Code, m.CreatedAt, m.Expires, m.Data})
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: %w", hideURL(err))
	}
	at := strconv.FormatInt(w.o.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "mfaflow")
	req.Header.Set("Idempotency-Key", m.ID)
	req.Header.Set("Mfaflow-Timestamp", at)
	req.Header.Set("Mfaflow-Signature", "v1="+w.sign(at, body))
	resp, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook: %w", hideURL(err))
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // only the status counts
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return fmt.Errorf("webhook: status %d: %w", code, ErrRejected)
	default:
		return fmt.Errorf("webhook: status %d", code)
	}
}

func (w *Webhook) sign(at string, body []byte) string {
	m := hmac.New(sha256.New, w.secret)
	m.Write([]byte(at + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// hideURL takes the URL out of an error of net/http: it may hold a key of the gateway.
func hideURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
