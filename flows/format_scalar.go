package flows

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// scalarLines writes a scalar after a key or "-": on the same line, or as a block.
func (w *writer) scalarLines(n *yamldoc.Node, path string, indent int, e *entry) {
	if n.Style == yamldoc.Literal || n.Style == yamldoc.Folded {
		head, lines := w.doc.Block(n)
		if blockKept(head, lines, n.Text) {
			w.out.WriteString(" " + head)
			w.tail(e, indent)
			for _, l := range lines {
				if strings.TrimSpace(l) == "" {
					w.out.WriteByte('\n')
				} else {
					w.out.WriteString(strings.Repeat(" ", indent) + l + "\n")
				}
			}
			return
		}
	}
	if text := w.scalar(n, path); text != "" {
		w.out.WriteString(" " + text)
	}
	w.tail(e, indent)
}

// blockKept reports whether a block means the same at another indentation, and is so
// plain that this is certain.
func blockKept(head string, lines []string, text string) bool {
	switch head {
	case "|", ">", "|-", ">-":
	default:
		return false // "+" and explicit indentation
	}
	if len(lines) == 0 || strings.TrimSpace(lines[0]) == "" || strings.HasPrefix(lines[0], " ") {
		return false
	}
	for _, l := range lines {
		if strings.ContainsAny(l, "\t\u0085\u2028\u2029") || strings.TrimRight(l, " ") != l {
			return false
		}
	}
	return strings.HasSuffix(text, "\n") == !strings.HasSuffix(head, "-")
}

// scalar writes a scalar on one line.
func (w *writer) scalar(n *yamldoc.Node, path string) string {
	raw, oneLine := w.doc.Raw(n)
	switch {
	case n.Value == nil && n.Text == "":
		return ""
	case n.Style == yamldoc.Plain && oneLine:
		return strippedPlain(n.Text, path)
	case n.Style == yamldoc.Plain && !strings.ContainsAny(n.Text, "\n\r"):
		return strippedPlain(n.Text, path)
	case (n.Style == yamldoc.Single || n.Style == yamldoc.Double) && oneLine:
		return strippedQuoted(raw, n.Text, path)
	}
	text := n.Text
	if isCondition(path) {
		text = stripEquals(text)
	}
	return quote(text)
}

// strippedPlain removes the `=` of a condition, if the rest still reads as text.
func strippedPlain(text, path string) string {
	rest := stripEquals(text)
	if !isCondition(path) || rest == text || rest == "" {
		return text
	}
	if c := rune(rest[0]); c < 128 && (unicode.IsLetter(c) || c == '_' || c == '(') && rest != "null" && rest != "Null" && rest != "NULL" {
		return rest
	}
	return text
}

// strippedQuoted is the same for a quoted scalar.
func strippedQuoted(raw, text, path string) string {
	if !isCondition(path) || len(raw) < 3 || raw[1] != '=' || stripEquals(text) == "" {
		return raw
	}
	return raw[:1] + strings.TrimLeft(raw[2:], " ")
}

// key writes a key as it was, or quoted if it had several lines.
func (w *writer) key(n *yamldoc.Node) string {
	raw, oneLine := w.doc.Raw(n)
	switch {
	case oneLine && n.Style != yamldoc.Literal && n.Style != yamldoc.Folded:
		return raw
	case n.Style == yamldoc.Plain && !strings.ContainsAny(n.Text, "\n\r"):
		return n.Text
	}
	return quote(n.Text)
}

// quote writes a text between double quotes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\uFEFF' || !unicode.IsPrint(c) && c <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, c)
		case !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\U%08x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
