// Package otp makes and checks one-time passcodes. Of one that was sent only a keyed
// hash is kept, which binds it to its environment, store epoch, purpose and device. Of
// one that an app makes the secret is kept, and the last step that was accepted.
package otp

import (
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/totp"
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
	OnCompare func() // called once for each guess that is really compared; may be nil
}

// Keep returns what to store of a code for purpose (a deviceAuthentication's id, or
// "pairing") and device.
func (c Checker) Keep(code, purpose string, d *account.Device, until time.Time) *Code {
	return &Code{Hash: c.hash(code, purpose, d.ID), Length: len(code), Gen: d.Gen, Until: until.UnixMilli()}
}

func (c Checker) hash(code, purpose, device string) []byte {
	return MAC(c.Key, c.Env, fmt.Sprint(c.Epoch), purpose, device, code)
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
	Waits   bool // so many codes were wrong in a row that the target waits now
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
	return attempt(d, rule, now, func() bool { return c.equal(code, purpose, d.ID, guess) })
}

// Made says how an app makes its codes, and how many steps before or after now they are
// good.
type Made struct {
	Secret []byte
	Period time.Duration
	Grace  int
}

// CheckTOTP is Check for a code that an app made. Its step is kept on the device, and it
// and all before are used up.
func (c Checker) CheckTOTP(m Made, d *account.Device, rule account.Rule, guess string, now time.Time) Result {
	if _, locked := d.Locked(now); locked || len(m.Secret) == 0 || d.Blocked() {
		return Result{Verdict: TooMany}
	}
	var step int64
	res := attempt(d, rule, now, func() (ok bool) {
		if !wellFormed(guess, totp.Digits) {
			return false
		}
		c.compared()
		step, ok = totp.Match(m.Secret, guess, totp.Step(now, m.Period), int64(m.Grace), d.Step)
		return ok
	})
	if res.Verdict == Right {
		d.Step, res.Changed = step, true
	}
	return res
}

// Miss is the verdict on a guess at a device that has no code yet: it counts.
func Miss(d *account.Device, rule account.Rule, now time.Time) Result {
	if _, locked := d.Locked(now); locked || d.Blocked() {
		return Result{Verdict: TooMany}
	}
	return attempt(d, rule, now, func() bool { return false })
}

// attempt counts a guess and takes that back if it is right.
func attempt(d *account.Device, rule account.Rule, now time.Time, right func() bool) Result {
	before := *d
	f := d.Wrong(rule, now)
	if right() {
		*d = before
		return Result{Verdict: Right, Changed: d.Right()}
	}
	v := Wrong
	if f.Left == 0 || f.Blocked {
		v = TooMany
	}
	return Result{Verdict: v, Failure: f, Changed: true}
}

func (c Checker) compared() {
	if c.OnCompare != nil {
		c.OnCompare()
	}
}

func (c Checker) equal(code *Code, purpose, device, guess string) bool {
	if !wellFormed(guess, code.Length) {
		return false
	}
	c.compared()
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
