package phone

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// reference is a resource by id.
type reference struct {
	ID string `json:"id"`
}

// answer is what the service says to a pairing.
type answer struct {
	Device reference `json:"device"`
	User   reference `json:"user"`
	OTP    struct {
		Secret string `json:"secret"`
		Period int64  `json:"period"`
	} `json:"otp"`
	ServerTime time.Time `json:"serverTime"`
}

// Pair pairs the phone with a key that was made and a pairing code, as it was typed or
// scanned. A refusal is a *pingone.Error. A phone that was paired forgets its device.
func (p *Phone) Pair(ctx context.Context, scanned string) error {
	code, base, env := read(scanned)
	p.mu.Lock()
	p.s.Device, p.s.Key, p.s.Secret = "", nil, ""
	if base != "" && p.s.Base == "" {
		p.s.Base = base
	}
	if env != "" && p.s.Environment == "" {
		p.s.Environment = env
	}
	application := p.s.Application
	p.mu.Unlock()
	key, err := p.newKey()
	if err != nil {
		return fmt.Errorf("make the phone's key: %w", err)
	}
	device := maps.Clone(p.opts.Properties)
	if device == nil {
		device = map[string]any{}
	}
	body := map[string]any{"code": code, "application": reference{application}, "device": device}
	var a answer
	if err := p.call(ctx, key, http.MethodPost, "devices", body, &a); err != nil {
		return err
	}
	p.paired(key, a)
	return nil
}

func (p *Phone) paired(key *jose.JSONWebKey, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Device, p.s.User, p.s.Key, p.s.Secret = a.Device.ID, a.User.ID, key, a.OTP.Secret
	p.s.Period = a.OTP.Period
	p.s.Ahead = a.ServerTime.Sub(p.opts.Now()).Truncate(time.Second)
}

// read finds the code in what was scanned or typed. A link to the service says where it is.
func read(scanned string) (code, base, env string) {
	u, err := url.Parse(strings.TrimSpace(scanned))
	if err != nil || u.Scheme == "" {
		return typed(scanned), "", ""
	}
	if code := u.Query().Get("pairing_key"); code != "" {
		return code, "", ""
	}
	values, err := url.ParseQuery(u.EscapedFragment())
	if err != nil || values.Get("pairing_key") == "" {
		return typed(scanned), "", ""
	}
	code = values.Get("pairing_key")
	at, ok := strings.CutSuffix(u.Path, "/app")
	if i := strings.LastIndexByte(at, '/'); ok && i >= 0 {
		base, env = u.Scheme+"://"+u.Host+at[:i], at[i+1:]
	}
	return code, base, env
}

// typed is a code as somebody typed it, in groups and in small letters.
func typed(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "", "\n", "").Replace(s))
}
