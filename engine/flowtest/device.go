package flowtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
)

// device lets something of the person's do its part: an authenticator or a phone.
func (r *running) device(ctx context.Context, s step) error {
	text, err := r.written(ctx, s, s.text)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	switch s.kind {
	case scan:
		return r.scan(s, text)
	case passkey:
		return r.passkeyStep(ctx, s, text)
	case pair:
		app, ok := has[MobileApp](r, s, "phone with the mobile app")
		if !ok {
			return nil
		}
		return r.turned(ctx, s, "`pair`", app.PairPhone(ctx, s.device, text))
	case push:
		return r.answerPush(ctx, s)
	}
	return r.readCode(ctx, s, text)
}

// scan lets the authenticator app read an account.
func (r *running) scan(s step, text string) error {
	app, ok := has[Authenticator](r, s, "authenticator app")
	if !ok {
		return nil
	}
	if err := app.Scan(text); err != nil {
		r.breaks(s.Pos, fmt.Sprintf("the app cannot read `%s`: %v", text, err))
	}
	return nil
}

// passkeyStep lets an authenticator create or use a passkey, or be copied.
func (r *running) passkeyStep(ctx context.Context, s step, options string) error {
	keys, ok := has[Passkeys](r, s, "software FIDO2 authenticator")
	if !ok {
		return nil
	}
	origin, err := r.written(ctx, s, s.origin)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	if origin == "" {
		origin = r.where.Origin
	}
	made := map[string]any{"origin": origin}
	switch s.name {
	case copies:
		return r.turned(ctx, s, "`passkey: "+copies+"`", keys.CopyKey(s.device, s.as))
	case creates:
		made["attestation"], err = keys.CreatePasskey(s.device, origin, options, !s.unverified, s.lax)
	default:
		made["assertion"], err = keys.UsePasskey(s.device, origin, options, !s.unverified, s.lax)
	}
	if err == nil {
		r.passkey = made
	}
	return r.turned(ctx, s, "`passkey: "+s.name+"`", err)
}

// answerPush answers the newest push.
func (r *running) answerPush(ctx context.Context, s step) error {
	app, ok := has[PushApp](r, s, "phone that gets pushes")
	if !ok {
		return nil
	}
	number, err := r.written(ctx, s, s.number)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	return r.turned(ctx, s, "`push: "+s.name+"`", app.AnswerPush(ctx, s.device, s.name, number))
}

// readCode lets the app read an authentication code, or answer it.
func (r *running) readCode(ctx context.Context, s step, code string) error {
	app, ok := has[CodeApp](r, s, "phone that reads authentication codes")
	if !ok {
		return nil
	}
	if s.name == approves || s.name == denies {
		return r.turned(ctx, s, "`qr: "+s.name+"`", app.AnswerCode(ctx, s.device, code, s.name))
	}
	shown, err := app.ReadCode(ctx, s.device, code, s.name == claims)
	if err == nil {
		r.asked = shown
	}
	return r.turned(ctx, s, "`qr: "+s.name+"`", err)
}

// has is the world as something that can do more; a step that needs it fails without.
func has[T any](r *running, s step, what string) (T, bool) {
	t, ok := r.lab.World.(T)
	if !ok {
		r.breaks(s.Pos, "this world has no "+what)
	}
	return t, ok
}

// turned holds how a device's part turned out against what the step says.
func (r *running) turned(ctx context.Context, s step, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var coded interface{ Code() string }
	switch {
	case err == nil:
		r.ended(s, what, "", "")
	case errors.As(err, &coded):
		r.ended(s, what, coded.Code(), "("+err.Error()+")")
	default:
		r.breaks(s.Pos, fmt.Sprintf("%s failed: %v", what, err))
	}
	return nil
}

// ended holds the code of an error, "" if there was none, against the one expected.
func (r *running) ended(s step, what, code, text string) {
	if code != s.code {
		r.breaks(s.Pos, fmt.Sprintf("expected %s to end with %s, saw %s", what, orFine(s.code), strings.TrimSpace(orFine(code)+" "+text)))
	}
}

func orFine(code string) string {
	if code == "" {
		return "no error"
	}
	return code
}

// written computes a value as the text that a device reads: "" for none.
func (r *running) written(ctx context.Context, s step, v flows.Value) (string, error) {
	m, err := r.computed(ctx, s, []flows.Member{{Name: "text", Value: v}})
	if err != nil || m["text"] == nil {
		return "", err
	}
	if text, ok := m["text"].(string); ok {
		return text, nil
	}
	b, err := json.Marshal(m["text"])
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return string(b), nil
}
