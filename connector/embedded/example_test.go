package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// A program makes the service, pairs an e-mail device, and signs on with the code that
// the inbox got.
func Example() {
	ctx := context.Background()
	db, err := store.Open(ctx, memory.New(), store.Options{Key: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	svc, err := embedded.New(ctx, db, embedded.Options{Environment: envID, BaseURL: "http://localhost:8080", Channels: []string{"EMAIL"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	inbox := embedded.NewInbox(db, envID, 0)
	mail := outbox.New(db, envID, inbox.Send, outbox.Options{}) // a server calls mail.Run(ctx)

	var answer struct{ ID, Status string }
	do := func(req pingone.Request) {
		resp, err := svc.Do(ctx, req)
		if err == nil {
			err = json.Unmarshal(resp.Body, &answer)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(strings.TrimSpace(fmt.Sprint(resp.Status, " ", answer.Status)))
	}
	do(pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users"}, Body: map[string]any{"username": "ben"}})
	user := answer.ID
	do(pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", user, "devices"},
		Body: map[string]any{"type": "EMAIL", "email": "ben@example.com"}})
	do(pingone.Request{Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications"},
		Body: map[string]any{"user": map[string]any{"id": user}}})

	if _, err := mail.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	messages, err := inbox.List(ctx, embedded.InboxFilter{To: "ben@example.com"})
	if err != nil || len(messages) == 0 {
		fmt.Println("no message", err)
		return
	}
	do(pingone.Request{Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications", answer.ID},
		MediaType: pingone.MediaType("otp.check"), Body: map[string]any{"otp": messages[0].Code}})
	// Output:
	// 201
	// 201 ACTIVE
	// 201 OTP_REQUIRED
	// 200 COMPLETED
}
