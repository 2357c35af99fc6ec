package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// authenticator is a software key with a name.
type authenticator struct {
	name string
	key  *softkey.Key
}

// CreatePasskey makes a credential on the authenticator of that name, as a browser would
// on a page of the origin; the first time it also makes the authenticator. verified says
// that the authenticator knows its user, lax that the browser asks for nothing. What the
// browser refuses is an error with a Code, the name of the DOMException.
func (w *World) CreatePasskey(key, origin, options string, verified, lax bool) (attestation string, err error) {
	a := w.authenticator(key)
	if a == nil {
		a = &authenticator{name: key, key: softkey.New(softkey.Options{Rand: stream(w.opts.Seed+"\x00key\x00"+key, 0)})}
	}
	if attestation, err = a.with(verified, lax).Create(origin, options); err != nil {
		return "", refusal(err)
	}
	w.plugIn(a)
	return attestation, nil
}

// UsePasskey signs a challenge. Without a name the authenticator does that can, and got a
// credential last.
func (w *World) UsePasskey(key, origin, options string, verified, lax bool) (assertion string, err error) {
	err = fmt.Errorf("there is no authenticator %q: %w", key, softkey.ErrNotAllowed)
	for _, a := range w.keys {
		if key != "" && a.name != key {
			continue
		}
		if assertion, err = a.with(verified, lax).Get(origin, options); err == nil {
			return assertion, nil
		}
	}
	return "", refusal(err)
}

// CopyKey clones an authenticator with its counters.
func (w *World) CopyKey(key, as string) error {
	a := w.authenticator(key)
	if a == nil || w.authenticator(as) != nil {
		return fmt.Errorf("copy %q as %q: there must be the first and not yet the second", key, as)
	}
	w.keys = append(w.keys, &authenticator{name: as, key: a.key.Clone()})
	return nil
}

func (w *World) authenticator(name string) *authenticator {
	for _, a := range w.keys {
		if a.name == name {
			return a
		}
	}
	return nil
}

// plugIn puts an authenticator before all others.
func (w *World) plugIn(a *authenticator) {
	w.keys = slices.DeleteFunc(w.keys, func(b *authenticator) bool { return a == b })
	w.keys = slices.Insert(w.keys, 0, a)
}

// with is the key for one ceremony.
func (a *authenticator) with(verified, lax bool) *softkey.Key {
	a.key.Configure(func(o *softkey.Options) { o.Unverified, o.Lax = !verified, lax })
	return a.key
}

// exceptions are what a browser refuses with, by their names.
var exceptions = map[string]error{
	"NotAllowedError": softkey.ErrNotAllowed, "InvalidStateError": softkey.ErrInvalidState, "SecurityError": softkey.ErrSecurity,
	"NotSupportedError": softkey.ErrNotSupported, "TypeError": softkey.ErrType,
}

// dialog is how a browser's dialog ended that brought nothing.
type dialog struct {
	name string
	err  error
}

func (d *dialog) Error() string { return d.err.Error() }
func (d *dialog) Unwrap() error { return d.err }

// Code is the name of the DOMException.
func (d *dialog) Code() string { return d.name }

func refusal(err error) error {
	for name, e := range exceptions {
		if errors.Is(err, e) {
			return &dialog{name, err}
		}
	}
	return err
}
