package yamldoc

import (
	"unicode/utf8"
)

// Place returns the line and column of the byte at offset in n.Text, n a scalar: also
// inside quotes, escapes, folded lines and blocks. An offset past the end is the place
// after the last character.
func (d *Doc) Place(n *Node, offset int) (line, col int) {
	at := d.align(n)
	if len(at) == 0 {
		return n.Line, n.Column
	}
	offset = max(offset, 0)
	if offset < len(at) {
		return d.position(at[offset])
	}
	line, col = d.position(at[len(at)-1])
	return line, col + 1
}

// offset is the byte at which a line and column stand.
func (d *Doc) offset(line, col int) int {
	if line < 1 || line > len(d.lines) {
		return len(d.src)
	}
	at := d.lines[line-1]
	if line == 1 && len(d.src) >= 3 && string(d.src[:3]) == "\uFEFF" {
		at += 3
	}
	for ; col > 1 && at < len(d.src); col-- {
		_, n := utf8.DecodeRune(d.src[at:])
		at += n
	}
	return at
}

func (d *Doc) position(offset int) (line, col int) {
	lo, hi := 0, len(d.lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; d.lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1, utf8.RuneCount(d.src[d.lines[lo]:offset]) + 1
}

// align finds for each byte of a scalar's text the byte of the source it comes from.
// Characters other than white space stand in the source in the same order, so only
// white space, quotes and escapes need thought.
func (d *Doc) align(n *Node) []int {
	at, _ := d.span(n)
	return at
}

// span is align, and the offset after the scalar's last character.
func (d *Doc) span(n *Node) (at []int, end int) {
	i := d.offset(n.Line, n.Column)
	switch n.Style {
	case Single, Double:
		i++
	case Literal, Folded:
		for i < len(d.src) && d.src[i] != '\n' && d.src[i] != '\r' {
			i++
		}
	}
	at = make([]int, 0, len(n.Text))
	for _, c := range n.Text {
		var from int
		from, i = d.next(i, c, n.Style)
		for range utf8.RuneLen(c) {
			at = append(at, min(from, len(d.src)))
		}
	}
	if n.Style == Single || n.Style == Double {
		for i < len(d.src) && d.src[i] != '"' && d.src[i] != '\'' {
			i++
		}
		i++
	}
	return at, min(i, len(d.src))
}

// next finds the character c at or after offset i: where it starts and where it ends.
func (d *Doc) next(i int, c rune, style Style) (from, to int) {
	for i < len(d.src) {
		if style == Double && d.src[i] == '\\' {
			n := escapeLength(d.src[i:])
			if n > 0 {
				return i, i + n
			}
			i += 2 // an escaped line end stands for nothing
			continue
		}
		r, n := utf8.DecodeRune(d.src[i:])
		if r == c {
			if style == Single && c == '\'' {
				n = 2
			}
			return i, i + n
		}
		if !isSpace(r) || c == ' ' || c == '\n' {
			if c == ' ' || c == '\n' {
				return i, i // a folded line end; the white space is skipped by what follows
			}
			return i, i + n
		}
		i += n
	}
	return i, i
}

func isSpace(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// escapeLength is the length of an escape that stands for one character, 0 for an
// escaped line end.
func escapeLength(src []byte) int {
	if len(src) < 2 {
		return len(src)
	}
	switch src[1] {
	case '\n', '\r':
		return 0
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	default:
		return 2
	}
}

// CommentFollows reports whether a comment stands on the line on which n ends, after n.
func (d *Doc) CommentFollows(n *Node) bool {
	_, i := d.span(n)
	for i < len(d.src) && (d.src[i] == ' ' || d.src[i] == '\t') {
		i++
	}
	return i < len(d.src) && d.src[i] == '#'
}
