package flowtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/engine/flowtest"
)

// desk shows one after the other what a person's devices read.
const desk = `schema: flow/v1
id: desk
title: Desk
start: make
nodes:
  make:
    show: passkey-create
    with: { options: '{"rp":1}' }
    next: { submit: use, failed: make, change_device: out, cancel: out }
  use:
    show: passkey
    with: { options: { challenge: [1] } }
    next: { submit: pair, failed: use, change_device: out, cancel: out }
  pair:
    show: pairing
    with: { code: "0123" }
    next: { refresh: wait, change_device: out, cancel: out }
  wait:
    show: push-wait
    with: { number: 42 }
    next: { use_code: scan, change_device: out, cancel: out }
  scan:
    show: qr
    with: { uri: "https://app.example/?code=AB12" }
    next: { refresh: done, cancel: out }
  done:
    end: success
    outputs: { attestation: =nodes.make.form.attestation, assertion: =nodes.use.form.assertion, origin: =nodes.use.form.origin }
  out: { end: canceled }
`

const deskHead = "schema: flowtest/v1\nflow: desk\ntests:\n"

// equipped is a world with devices that tell what they were asked.
type equipped struct {
	*sim.World
	clones []string
	paired []any
	pushes []any
}

// no is what a device or the service refuses with.
type no string

func (n no) Error() string { return "it refuses" }
func (n no) Code() string  { return string(n) }

func (w *equipped) CreatePasskey(key, origin, options string, verified, lax bool) (string, error) {
	if key == "full" {
		return "", fmt.Errorf("create: %w", no("InvalidStateError"))
	}
	return fmt.Sprintf("made by %q for %s: %s %t %t", key, origin, options, verified, lax), nil
}

func (w *equipped) UsePasskey(key, origin, options string, verified, lax bool) (string, error) {
	if key == "empty" {
		return "", no("NotAllowedError")
	}
	return fmt.Sprintf("signed by %q for %s: %s %t %t", key, origin, options, verified, lax), nil
}

func (w *equipped) CopyKey(key, as string) error {
	w.clones = append(w.clones, key+" as "+as)
	return nil
}

func (w *equipped) PairPhone(_ context.Context, phone, code string) error {
	if code != "0123" {
		return no("NOT_FOUND")
	}
	w.paired = append([]any{map[string]any{"phone": phone, "code": "987654"}}, w.paired...)
	w.pushes = []any{map[string]any{"phone": phone, "numbers": []any{"11", "42", "99"}}}
	return nil
}

func (w *equipped) Paired(context.Context) ([]any, error) { return w.paired, nil }
func (w *equipped) Pushes(context.Context) ([]any, error) { return w.pushes, nil }

func (w *equipped) AnswerPush(_ context.Context, phone, decision, number string) error {
	if len(w.pushes) == 0 {
		return errors.New("no push waits")
	}
	if decision == "approve" && number != "42" {
		return no("NUMBER_MISMATCH")
	}
	w.pushes = nil
	return nil
}

func (w *equipped) ReadCode(_ context.Context, phone, code string, claim bool) (map[string]any, error) {
	if phone == "eve" {
		return nil, no("NOT_FOUND")
	}
	return map[string]any{"application": "Bank", "code": code, "claimed": claim}, nil
}

func (w *equipped) AnswerCode(_ context.Context, phone, code, decision string) error {
	if decision == "deny" && code == "AB12" {
		return no("EXPIRED")
	}
	return nil
}

// equip adds the desk and its world to a lab.
func equip(t *testing.T, around func(*sim.World) flowtest.World) flowtest.Options {
	t.Helper()
	o := options(t, nil)
	lab := o.Lab
	o.Lab = func(ctx context.Context, g flowtest.Given) (*flowtest.Lab, error) {
		l, err := lab(ctx, g)
		if err == nil {
			l.World = around(l.World.(*sim.World))
		}
		return l, err
	}
	o.Source = func(string) (string, []byte, error) { return "desk.yaml", []byte(desk), nil }
	return o
}

func TestDevices(t *testing.T) {
	t.Parallel()
	var world *equipped
	passes(t, load(t, deskHead+`
  - name: the whole way
    steps:
      - { passkey: create, options: =step.with.options, key: full, error: InvalidStateError }
      - { act: failed, expect: passkey.attestation == nil }
      - { passkey: create, options: =step.with.options }
      - { act: submit, form: { attestation: =passkey.attestation, origin: =passkey.origin } }
      - { passkey: copy, key: cat, as: thief }
      - { passkey: get, options: =step.with.options, key: empty, error: NotAllowedError }
      - { passkey: get, options: =step.with.options, key: cat, origin: "='https://' + lower('EVIL.example')", verify: false, lax: true }
      - { act: submit, form: { assertion: =passkey.assertion, origin: =passkey.origin } }
      - { pair: "9999", error: NOT_FOUND, expect: len(mobile) + len(pushes) == 0 }
      - { pair: =step.with.code, phone: dan, expect: ['mobile[0].code == "987654"', 'pushes[0].phone == "dan"'] }
      - { act: refresh }
      - { push: approve, number: "=int(pushes[0].numbers[0])", error: NUMBER_MISMATCH }
      - { push: approve, phone: dan, number: =step.with.number, expect: len(pushes) == 0 }
      - { act: use_code }
      - { qr: look, code: =step.with.uri, phone: eve, error: NOT_FOUND, expect: qr.application == nil }
      - { qr: look, code: =step.with.uri, expect: 'qr.application == "Bank" and qr.code contains "AB12" and not qr.claimed' }
      - { qr: claim, code: AB12, expect: qr.claimed }
      - { qr: deny, code: AB12, error: EXPIRED }
      - { qr: approve, code: AB12 }
      - { act: refresh }
      - end: success
        expect:
          - 'outputs.attestation == "made by \"\" for https://mfaflow.example: {\"rp\":1} true false"'
          - 'outputs.assertion == "signed by \"cat\" for https://evil.example: {\"challenge\":[1]} false true" and outputs.origin == "https://evil.example"'
`, equip(t, func(w *sim.World) flowtest.World {
		world = &equipped{World: w}
		return world
	})))
	if len(world.clones) != 1 || world.clones[0] != "cat as thief" {
		t.Errorf("clones: %q", world.clones)
	}
}

// TestDevicesThatFail holds that a device's step fails when its device does otherwise
// than the step says.
func TestDevicesThatFail(t *testing.T) {
	t.Parallel()
	got := failures(t, load(t, deskHead+`
  - { name: create, steps: [{ passkey: create, options: "", key: full }] }
  - { name: get, steps: [{ passkey: get, options: "", error: NotAllowedError }] }
  - { name: other, steps: [{ passkey: create, options: "", key: full, error: NotAllowedError }] }
  - { name: pair, steps: [{ pair: x }] }
  - { name: push, steps: [{ push: deny, error: NO_PUSH }] }
  - { name: qr, steps: [{ qr: look, code: x, phone: eve }] }
  - { name: options, steps: [{ passkey: get, options: "=pushes[0].x" }] }
`, equip(t, func(w *sim.World) flowtest.World { return &equipped{World: w} })))
	compare(t, got, []string{
		"5:29: expected `passkey: create` to end with no error, saw InvalidStateError (create: it refuses)",
		"6:26: expected `passkey: get` to end with NotAllowedError, saw no error",
		"7:28: expected `passkey: create` to end with NotAllowedError, saw InvalidStateError (create: it refuses)",
		"8:27: expected `pair` to end with no error, saw NOT_FOUND (it refuses)",
		"9:27: `push: deny` failed: no push waits",
		"10:25: expected `qr: look` to end with no error, saw NOT_FOUND (it refuses)",
		"11:30: pushes[0].x: EXPRESSION_FAILED: ",
	})
}

// plainWorld has what every world has.
type plainWorld struct{ flowtest.World }

// TestWorldWithoutDevices holds that steps say what a world lacks.
func TestWorldWithoutDevices(t *testing.T) {
	t.Parallel()
	got := failures(t, load(t, deskHead+`
  - { name: scan, steps: [{ scan: x }] }
  - { name: passkey, steps: [{ passkey: get, options: x }] }
  - { name: pair, steps: [{ pair: x }] }
  - { name: push, steps: [{ push: deny }] }
  - { name: qr, steps: [{ qr: look, code: x }] }
  - { name: roots, steps: [{ expect: len(app) + len(mobile) + len(pushes) == 0 and qr == passkey }] }
`, equip(t, func(w *sim.World) flowtest.World { return plainWorld{w} })))
	for i, what := range []string{"authenticator app", "software FIDO2 authenticator", "phone with the mobile app",
		"phone that gets pushes", "phone that reads authentication codes"} {
		if len(got) != 5 || !strings.HasSuffix(got[i], ": this world has no "+what) {
			t.Fatalf("got %q", got)
		}
	}
}
