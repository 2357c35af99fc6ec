package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Pushes is the channel of Push.
const Pushes = "PUSH"

// Push tells a native app that something waits for its answer. It decides nothing: the
// app asks the service what waits.
type Push struct {
	Template string
	ID       string
	To       string // the device's push token, or its id when it gave none
	Group    string // a newer push of the same group replaces one not sent yet
	Silent   bool   // for the app alone: nobody is asked
	Context  json.RawMessage
	Expires  time.Time
}

// told is the data of a push.
type told struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Silent    bool            `json:"silent,omitempty"`
	Title     string          `json:"title,omitempty"`
	Body      string          `json:"body,omitempty"`
	Context   json.RawMessage `json:"clientContext,omitempty"`
	ExpiresAt *rest.Time      `json:"expiresAt"`
}

// Push adds the notification to the unit of work. It counts in no day's limit: the push
// limit of the policy is narrower.
func (n Notifier) Push(c *rest.Call, p Push) error {
	title, body := p.texts()
	data, err := json.Marshal(told{"push", p.ID, p.Silent, title, body, p.Context, rest.At(p.Expires)})
	if err != nil {
		return fmt.Errorf("encode a push: %w", err)
	}
	err = outbox.Add(c.Tx, c.Env, outbox.Message{
		ID: c.Tx.NewID(), Environment: c.Env, Channel: Pushes, To: p.To, Subject: title, Text: body, Data: data,
		Supersedes: p.Group, CreatedAt: c.Tx.Now(), Expires: p.Expires,
		Lane: outbox.Lane{Target: n.Quota.hide("push", p.To), Source: n.Quota.sourceOf(c), Proven: true}, // the app was paired
	})
	if err != nil {
		return fmt.Errorf("add a push: %w", err)
	}
	return nil
}

// texts are what the person reads before the app is open: fixed, and without the number.
func (p Push) texts() (title, body string) {
	switch {
	case p.Silent:
		return "", ""
	case p.Template == Transaction:
		return "Approve a transaction", "A transaction waits for your approval. If you did not ask for it, deny it."
	}
	return "Sign-on request", "Somebody signs on as you. If it is not you, deny it."
}

// maxAgent is how much of a User-Agent is kept, in bytes.
const maxAgent = 256

// Agent is what a request says about the person's browser, for the app to show.
func Agent(c *rest.Call) string {
	s := c.Header.Get("User-Agent")
	return strings.ToValidUTF8(s[:min(len(s), maxAgent)], "")
}

// MaxContext is how large a clientContext may be, in bytes.
const MaxContext = 8 << 10

// Context checks a clientContext, which an app is given: a JSON object of bounded size, in
// UTF-8, for an app that cannot read one push sees none of those that wait. It returns it
// without spaces; nil for none.
func Context(target string, raw json.RawMessage) (json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' || !utf8.Valid(raw) {
		return nil, rest.Invalid(target, "must be of type object")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, rest.Invalid(target, "must be of type object")
	}
	if b.Len() > MaxContext {
		return nil, rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, target, fmt.Sprintf("must have at most %d bytes", MaxContext)).
			With("maximumValue", MaxContext)
	}
	return b.Bytes(), nil
}
