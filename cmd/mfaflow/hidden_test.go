package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/engine/flowtest"
	"github.com/mfaflow/mfaflow/store"
)

// watcher looks, at the end of each scenario, for what audit and trace must not hold: the
// names and addresses of its people, their codes, what was typed as a password or code.
type watcher struct {
	typed []string // of the test file

	mu     sync.Mutex
	worlds int
	people int // names and addresses looked for
	found  []string
}

var typedSecret = regexp.MustCompile(`(?:password|otp): *"?([^",}\n=]{4,})"?`)

// lab is openLab with a look at the store before the world closes.
func (w *watcher) lab(ctx context.Context, g flowtest.Given) (*flowtest.Lab, error) {
	lab, err := openLab(ctx, g)
	if err != nil {
		return nil, err
	}
	closeWorld := lab.Close
	lab.Close = func() error {
		return errors.Join(w.look(context.WithoutCancel(ctx), g.Test, lab), closeWorld())
	}
	return lab, nil
}

func (w *watcher) look(ctx context.Context, test string, lab *flowtest.Lab) error {
	people, codes, err := canaries(ctx, lab.World)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.worlds++
	w.people += len(people)
	for rec, err := range lab.DB().Scan(ctx, store.Under(store.K(lab.Environment, "audit", ""))) {
		if err != nil {
			return err
		}
		text := string(rec.Value)
		for _, value := range people {
			if holdsText(text, value) {
				w.found = append(w.found, fmt.Sprintf("%s: the audit names %q: %s", test, value, text))
			}
		}
		for _, value := range append(codes, w.typed...) {
			if holdsText(text, value) {
				w.found = append(w.found, fmt.Sprintf("%s: the audit has the secret %q: %s", test, value, text))
			}
		}
		if strings.Contains(text, "otpauth://") {
			w.found = append(w.found, fmt.Sprintf("%s: the audit has a seed: %s", test, text))
		}
	}
	return nil
}

// holdsText reports whether a value stands in a record: an address anywhere, a short word
// as a value of its own.
func holdsText(record, value string) bool {
	if strings.ContainsAny(value, "@+") {
		return strings.Contains(record, value)
	}
	quoted := jsonOf(value)
	return strings.Contains(record, quoted) || strings.Contains(record, strings.ReplaceAll(jsonOf(quoted), `"\"`, `\"`))
}

// canaries are the names and addresses of a world's people and devices, and the codes of
// its messages.
func canaries(ctx context.Context, w flowtest.World) (people, codes []string, err error) {
	users, err := w.Users(ctx)
	if err != nil {
		return nil, nil, err
	}
	devices, err := w.Devices(ctx)
	if err != nil {
		return nil, nil, err
	}
	messages, err := w.Messages(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		m := m.(map[string]any)
		if code, ok := m["code"].(string); ok && code != "" {
			codes = append(codes, code)
		}
		if to, ok := m["to"].(string); ok && to != "" && m["channel"] != "PUSH" { // which goes to a device, by id
			people = append(people, to)
		}
	}
	return append(people, listPersonal([]any{users, devices})...), codes, nil
}

// listPersonal lists the texts in a value whose members name people.
func listPersonal(v any) []string {
	var found []string
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			text, isText := member.(string)
			switch name {
			case "username", "email", "phone", "mobilePhone", "nickname", "given", "family":
				if isText && text != "" {
					found = append(found, text)
				}
			}
			found = append(found, listPersonal(member)...)
		}
	case []any:
		for _, item := range v {
			found = append(found, listPersonal(item)...)
		}
	}
	return found
}

func (w *watcher) report(t *testing.T) {
	t.Helper()
	if w.worlds < 100 || w.people < 300 {
		t.Errorf("%d worlds with %d names and addresses were looked at, want hundreds", w.worlds, w.people)
	}
	for i, text := range w.found {
		if i == 20 {
			t.Errorf("and %d more", len(w.found)-i)
			break
		}
		t.Error(text)
	}
}
