package embedded_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/store/outbox"
)

const hookSecret = "gateway secret"

func newWebhook(t *testing.T, handler http.HandlerFunc) *embedded.Webhook {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	w, err := embedded.NewWebhook(srv.URL+"/sms?key=gatewaykey", hookSecret, embedded.WebhookOptions{
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func text() outbox.Message {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	return outbox.Message{ID: "m1", Environment: envID, Channel: "SMS", To: "+43.6641234567", Text: "Your code is <123456>.", Code: "123456",
		CreatedAt: at, Expires: at.Add(time.Minute), Supersedes: "group"}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	type seen struct {
		method, path, key, at, signature, contentType string
		body                                          []byte
	}
	got := make(chan seen, 1)
	w := newWebhook(t, func(rw http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h := r.Header
		got <- seen{r.Method, r.RequestURI, h.Get("Idempotency-Key"), h.Get("Mfaflow-Timestamp"), h.Get("Mfaflow-Signature"), h.Get("Content-Type"), b}
		rw.WriteHeader(http.StatusAccepted)
	})
	if err := w.Send(t.Context(), text()); err != nil {
		t.Fatal(err)
	}
	s := <-got
	m := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(m, "%s.%s", s.at, s.body)
	if s.method != "POST" || s.path != "/sms?key=gatewaykey" || s.key != "m1" || s.at != "1800000000" || s.contentType != "application/json" ||
		s.signature != "v1="+hex.EncodeToString(m.Sum(nil)) {
		t.Errorf("request %+v", s)
	}
	var body obj
	if err := json.Unmarshal(s.body, &body); err != nil {
		t.Fatal(err)
	}
	want := obj{"id": "m1", "environment": envID, "channel": "SMS", "to": "+43.6641234567", "text": "Your code is <123456>.", "code": "123456",
		"createdAt": "2026-11-22T09:00:00Z", "expires": "2026-11-22T09:01:00Z"}
	if d := cmp.Diff(want, body); d != "" {
		t.Error(d)
	}
	push := text()
	push.Channel, push.To, push.Code, push.Data = "PUSH", "push-token", "", json.RawMessage(`{"type":"push","id":"p1"}`)
	if err := w.Send(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	body = nil
	if err := json.Unmarshal((<-got).body, &body); err != nil {
		t.Fatal(err)
	}
	want["channel"], want["to"], want["data"] = "PUSH", "push-token", obj{"type": "push", "id": "p1"}
	delete(want, "code")
	if d := cmp.Diff(want, body); d != "" {
		t.Error(d)
	}
}

// Only what the gateway refuses for good is given up; a redirect is not followed; errors
// name neither number, nor code, nor the key in the URL.
func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	for status, rejected := range map[int]bool{400: true, 413: true, 422: true, 401: false, 404: false, 409: false, 429: false, 500: false, 503: false, 302: false, 307: false} {
		calls := 0
		w := newWebhook(t, func(rw http.ResponseWriter, _ *http.Request) {
			calls++
			rw.Header().Set("Location", "/elsewhere")
			rw.WriteHeader(status)
		})
		err := w.Send(t.Context(), text())
		if err == nil || errors.Is(err, embedded.ErrRejected) != rejected || calls != 1 {
			t.Errorf("%d: %v, %d calls", status, err, calls)
		}
	}
	w := newWebhook(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	err := w.Send(t.Context(), text())
	if err == nil || errors.Is(err, embedded.ErrRejected) {
		t.Errorf("broken connection: %v", err)
	}
	for _, secret := range []string{"gatewaykey", "6641234567", "123456", hookSecret} {
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%v", err)
		}
	}
}

// An answer without end is cut off.
func TestWebhookBoundsTheAnswer(t *testing.T) {
	t.Parallel()
	const most = 256 << 20 // far beyond what the sockets buffer
	written := make(chan int, 1)
	w := newWebhook(t, func(rw http.ResponseWriter, _ *http.Request) {
		chunk, total := make([]byte, 64<<10), 0
		for total < most {
			n, err := rw.Write(chunk)
			if total += n; err != nil {
				break
			}
		}
		written <- total
	})
	if err := w.Send(t.Context(), text()); err != nil {
		t.Error(err)
	}
	if n := <-written; n >= most {
		t.Errorf("%d bytes of the answer were read", n)
	}
}

func TestWebhookOptions(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "gateway.test/sms", "http://gateway.test/sms", "ftp://127.0.0.1/", "https://", "http://127.0.0.1.gateway.test/", "https://x/#y", "https://%zz"} {
		if _, err := embedded.NewWebhook(bad, hookSecret, embedded.WebhookOptions{}); !errors.Is(err, embedded.ErrOptions) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := embedded.NewWebhook("https://gateway.test/", "", embedded.WebhookOptions{}); !errors.Is(err, embedded.ErrOptions) {
		t.Errorf("no secret: %v", err)
	}
	for _, good := range []string{"https://gateway.test/sms", "http://localhost:9000/", "http://[::1]:9000/x?y=z"} {
		if _, err := embedded.NewWebhook(good, hookSecret, embedded.WebhookOptions{}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
