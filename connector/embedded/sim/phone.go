package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// handset is a phone with a name, on which the environment's app is paired once. It
// outlives crashes.
type handset struct {
	name string
	*phone.Phone
	claimed map[string]string // authentication codes → their ids
}

// PairPhone lets the app on the phone of that name claim a pairing key, typed or scanned.
// What the service refuses is an error with a Code.
func (w *World) PairPhone(ctx context.Context, name, code string) error {
	p, err := phone.New(phone.Options{
		Base: baseURL, Environment: Environment, Application: embedded.NativeApplication(Environment),
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.service.ServeHTTP(rw, r) }),
		Rand:    stream(fmt.Sprintf("%s\x00phone", w.opts.Seed), len(w.phones)), Now: w.Now, Key: phone.Ed25519,
	})
	if err != nil {
		return fmt.Errorf("make a phone: %w", err)
	}
	if err := p.Pair(ctx, code); err != nil {
		return refusedBy(err)
	}
	w.phones = slices.Insert(w.phones, 0, &handset{name: name, Phone: p, claimed: map[string]string{}})
	return nil
}

// Paired are the accounts of the apps with their codes of now, newest first:
// {phone, code}.
func (w *World) Paired(context.Context) ([]any, error) {
	list := make([]any, len(w.phones))
	for i, h := range w.phones {
		list[i] = map[string]any{"phone": h.name, "code": h.Code()}
	}
	return list, nil
}

// handset is the newest phone of a name, or of all.
func (w *World) handset(name string) (*handset, error) {
	for _, h := range w.phones {
		if name == "" || h.name == name {
			return h, nil
		}
	}
	return nil, fmt.Errorf("no phone %q is paired", name)
}

// refusedBy turns the service's refusal of a phone's call into this package's.
func refusedBy(err error) error {
	var e *pingone.Error
	if !errors.As(err, &e) {
		return err
	}
	no := &refused{status: e.Status, code: e.FirstCode(), text: e.Message}
	if len(e.Details) > 0 {
		no.text = e.Details[0].Message
	}
	return no
}
