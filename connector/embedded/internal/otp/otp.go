// Package otp makes and checks one-time passcodes that are sent. A code is never kept,
// only a keyed hash that binds it to its environment, store epoch, purpose and device.
package otp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
)

// New draws a code of length decimal digits, each value equally likely: draws past the
// last whole multiple of 10^length are thrown away, so there is no modulo bias.
// Length is 6 to 10 by policy; up to 18 fit.
func New(random func(n int) []byte, length int) string {
	space := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(length)), nil).Uint64()
	limit := (^uint64(0) / space) * space
	for {
		if n := binary.BigEndian.Uint64(random(8)); n < limit {
			return fmt.Sprintf("%0*d", length, n%space)
		}
	}
}

// Code is what is kept of a code that was sent.
type Code struct {
	Hash   []byte `json:"h,omitempty"`
	Length int    `json:"n"`
	Gen    int    `json:"g,omitempty"` // the device's generation when it was sent
	Until  int64  `json:"e"`           // Unix ms
}

// Kill makes an expired code expired for good, also should the clock go back. It
// reports whether that was news.
func (c *Code) Kill() bool {
	alive := c.Hash != nil
	c.Hash, c.Until = nil, 0
	return alive
}

// Checker hashes and compares codes.
type Checker struct {
	Key       []byte // 32 bytes, derived from the master key
	Epoch     uint64
	Env       string
	OnCompare func() // called once for each real comparison; may be nil
}

// Keep returns what to store of a code for purpose (a deviceAuthentication's id, or
// "pairing") and device.
func (c Checker) Keep(code, purpose string, d *account.Device, until time.Time) *Code {
	return &Code{Hash: c.hash(code, purpose, d.ID), Length: len(code), Gen: d.Gen, Until: until.UnixMilli()}
}

func (c Checker) hash(code, purpose, device string) []byte {
	m := hmac.New(sha256.New, c.Key)
	for _, part := range []string{c.Env, fmt.Sprint(c.Epoch), purpose, device, code} {
		fmt.Fprintf(m, "%d:%s", len(part), part)
	}
	return m.Sum(nil)
}

// Verdict is the result of Check.
type Verdict int

// The verdicts. Only Right and Wrong compared anything.
const (
	Right   Verdict = iota
	Wrong           // counted; tries are left
	TooMany         // counted and that was the last; or cooling down, or the code is dead
	Expired         // the code is too old; nothing was counted
)

// Result is a verdict with what it did to the device. Changed says that the device's
// counters must be saved.
type Result struct {
	Verdict
	account.Failure
	Changed bool
}

// Check gives the verdict on a guess: lock check, attempt counted, comparison in
// constant time, in this order. A guess that is not exactly the code's number of ASCII
// digits is counted as wrong without being compared.
func (c Checker) Check(code *Code, d *account.Device, rule account.Rule, purpose, guess string, now time.Time) Result {
	if _, locked := d.Locked(now); locked || code == nil || code.Gen != d.Gen || d.Blocked() {
		return Result{Verdict: TooMany}
	}
	if !now.Before(time.UnixMilli(code.Until)) {
		return Result{Verdict: Expired}
	}
	before := *d
	f := d.Wrong(rule, now)
	if c.equal(code, purpose, d.ID, guess) {
		*d = before
		return Result{Verdict: Right, Changed: d.Right()}
	}
	v := Wrong
	if f.Left == 0 || f.Blocked {
		v = TooMany
	}
	return Result{Verdict: v, Failure: f, Changed: true}
}

func (c Checker) equal(code *Code, purpose, device, guess string) bool {
	if !wellFormed(guess, code.Length) {
		return false
	}
	if c.OnCompare != nil {
		c.OnCompare()
	}
	return hmac.Equal(code.Hash, c.hash(guess, purpose, device))
}

func wellFormed(guess string, length int) bool {
	if len(guess) != length {
		return false
	}
	for _, b := range []byte(guess) {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}
