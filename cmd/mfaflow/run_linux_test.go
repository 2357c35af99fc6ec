package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo-terminal: what the test holds, and what a command gets.
func openTerminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outside.Close() })
	fd := int(outside.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return outside, inside
}

// terminal reads what a terminal shows. A terminal whose last user has gone answers EIO.
type terminal struct{ *os.File }

func (f terminal) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	if errors.Is(err, syscall.EIO) {
		return n, errors.Join(err, os.ErrClosed)
	}
	return n, err
}

// startTerminal runs the command in a terminal of its own.
func startTerminal(t *testing.T, dir, flow, noColor string) (*talk, *os.File) {
	t.Helper()
	outside, inside := openTerminal(t)
	p := &talk{t: t, cmd: command(t, dir, "run", flow), in: outside, out: terminal{outside}}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = inside, inside, inside
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.cmd.Env = append(p.cmd.Env, "TERM=xterm", "NO_COLOR="+noColor)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.guard()
	inside.Close() // so that the end of the command is the end of what it shows
	return p, outside
}

// TestRunTerminal: in a terminal secrets are typed unseen and titles are bold, unless
// NO_COLOR says no; an interrupt in the middle of a password gives the echo back.
func TestRunTerminal(t *testing.T) {
	t.Parallel()
	for _, styled := range []bool{true, false} {
		p, outside := startTerminal(t, t.TempDir(), "sign-on-and-mfa", map[bool]string{false: "1"}[styled])
		p.sees(`Username: `)
		p.types("demo")
		p.sees(`Password: `)
		awaitBlind(t, outside)
		p.types(demoPassword)
		p.sees(`== Enter your code ==`)
		p.sees(`Code: `)
		awaitBlind(t, outside)
		p.types("\x03")
		p.sees(`== CANCELED: canceled ==`)
		if err := p.cmd.Wait(); err == nil || p.cmd.ProcessState.ExitCode() != exitProblems {
			t.Errorf("exit: %v", err)
		}
		if !echoes(t, outside) {
			t.Error("the terminal is left without its echo")
		}
		if n := strings.Count(p.text, demoPassword); n != 1 { // the line of the demo user
			t.Errorf("the password is shown %d times:\n%s", n, p.text)
		}
		if got := strings.Contains(p.text, "\x1b[1m== Sign on ==\x1b[0m"); got != styled {
			t.Errorf("bold %t, want %t: %q", got, styled, p.text)
		}
	}
}

// TestRunLateSecret: a prompt with an echo stands when its screen times out, and the
// next one asks for a password. What is typed first is not taken for it.
func TestRunLateSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "late.yaml", `schema: flow/v1
id: late
title: Late
start: hurry
nodes:
  hurry:
    show: username
    timeout: 1s
    next: { submit: over, cancel: over, timeout: secret }
  secret:
    show: password
    next: { submit: over, cancel: over }
  over: { end: over }
`)
	p, outside := startTerminal(t, dir, "late.yaml", "")
	p.sees(`Username: `)
	p.sees(`== Enter your password ==`)
	p.sees(`! press Enter to go on`)
	p.types("seen")
	p.sees(`Password: `)
	awaitBlind(t, outside)
	p.types("unseen")
	p.sees(`== COMPLETED: over ==`)
	if err := p.cmd.Wait(); err != nil || strings.Contains(p.text, "unseen") {
		t.Errorf("%v\n%s", err, p.text)
	}
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// awaitBlind waits until the terminal does not show what is typed.
func awaitBlind(t *testing.T, f *os.File) {
	t.Helper()
	for until := time.Now().Add(time.Minute); echoes(t, f); {
		if time.Now().After(until) {
			t.Fatal("a secret is asked for with an echo")
		}
	}
}
