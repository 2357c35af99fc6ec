package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// lines reads answers, one line each time it is asked. A goroutine does the reading, so
// that a screen can end while its prompt stands.
type lines struct {
	in   *bufio.Reader
	fd   int
	tty  bool
	was  *term.State // of the terminal, to give back an echo that was switched off
	want chan bool   // asks for a line; true: without echo
	got  chan line

	asked  bool // a line is asked for and not here yet
	secret bool // without echo
}

// line is what was read: a text, or the error that ended the input.
type line struct {
	text string
	err  error
}

func newLines(r io.Reader) *lines {
	l := &lines{in: bufio.NewReader(r), want: make(chan bool), got: make(chan line, 1)}
	if f, ok := r.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		l.fd, l.tty = int(f.Fd()), true
		if was, err := term.GetState(l.fd); err == nil {
			l.was = was
		}
	}
	go l.serve()
	return l
}

// serve reads when asked. It ends with the process: a read of a terminal cannot be
// called back.
func (l *lines) serve() {
	for secret := range l.want {
		l.got <- l.read(secret)
	}
}

func (l *lines) read(secret bool) line {
	if secret && l.tty {
		b, err := term.ReadPassword(l.fd)
		if err != nil {
			return line{err: ended(err)}
		}
		return line{text: string(b)}
	}
	text, err := l.in.ReadString('\n')
	if err != nil && text == "" {
		return line{err: ended(err)}
	}
	return line{text: strings.TrimRight(text, "\r\n")}
}

func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("read answers: %w", err)
}

// ask asks for a line, unless one asked for earlier has not come. It reports whether
// that one is read otherwise than wanted: with an echo, or without.
func (l *lines) ask(secret bool) (other bool) {
	if l.asked {
		return l.tty && l.secret != secret
	}
	l.want <- secret
	l.asked, l.secret = true, secret
	return false
}

// take is to be called with what came from got.
func (l *lines) take() { l.asked = false }

// restore gives the terminal back as it was.
func (l *lines) restore() {
	if l.was != nil && l.asked && l.secret {
		_ = term.Restore(l.fd, l.was)
	}
}
