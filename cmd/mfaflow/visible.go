package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/mfaflow/mfaflow/flows"
)

// visibleWriter escapes what a terminal would obey: a flow, a user, a message or a log line
// could hold what moves the cursor, hides text or forges a prompt. It is between each command
// and its outputs.
type visibleWriter struct{ to io.Writer }

func (w visibleWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.to, flows.EscapeControls(string(b))); err != nil {
		return 0, err //nolint:wrapcheck // an io.Writer gives the error of what it writes to
	}
	return len(b), nil
}

// exactWriter is w for data that another program reads, as it is; a terminal gets it escaped.
func exactWriter(w io.Writer) io.Writer {
	v, ok := w.(visibleWriter)
	if !ok || isTerminal(v.to) {
		return w
	}
	return v.to
}

func isTerminal(w io.Writer) bool {
	if v, ok := w.(visibleWriter); ok {
		w = v.to
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// The marks that begin and end bold text for a styledWriter. They are no characters of any
// text: whoever writes them into one makes bold text at most.
const (
	boldMark  = "\uE000"
	plainMark = "\uE001"
)

// styledWriter is a visibleWriter that makes of the marks what a terminal takes for bold.
type styledWriter struct{ to io.Writer }

func (w styledWriter) Write(b []byte) (int, error) {
	text := flows.EscapeControls(string(b))
	text = strings.NewReplacer(flows.EscapeControls(boldMark), "\x1b[1m", flows.EscapeControls(plainMark), "\x1b[0m").Replace(text)
	if _, err := io.WriteString(w.to, text); err != nil {
		return 0, err //nolint:wrapcheck // as above
	}
	return len(b), nil
}
