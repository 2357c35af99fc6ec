package yamldoc

import (
	"slices"
	"strings"
)

// Comment is a comment in its place.
type Comment struct {
	Line, Column int
	Offset       int
	Text         string // with its "#"
	Own          bool   // nothing stands before it on its line
	Blank        bool   // the line above is empty
}

// Comments returns the comments of the document in order.
func (d *Doc) Comments() []Comment {
	if d.Root == nil {
		return nil
	}
	spans := d.spans(d.Root, nil)
	slices.SortFunc(spans, func(a, b [2]int) int { return a[0] - b[0] })
	var list []Comment
	next := 0
	for i := 0; i < len(d.src); i++ {
		for next < len(spans) && spans[next][1] <= i {
			next++
		}
		if next < len(spans) && i >= spans[next][0] {
			i = spans[next][1] - 1
			continue
		}
		if d.src[i] != '#' || i > 0 && !isSpace(rune(d.src[i-1])) && !(i == 3 && d.lines[0] == 0 && strings.HasPrefix(string(d.src[:3]), "\uFEFF")) {
			continue
		}
		end := i
		for end < len(d.src) && d.src[end] != '\n' && d.src[end] != '\r' {
			end++
		}
		c := Comment{Offset: i, Text: strings.TrimRight(string(d.src[i:end]), " \t")}
		c.Line, c.Column = d.position(i)
		c.Own = strings.Trim(string(d.src[d.lines[c.Line-1]:i]), " \t\uFEFF") == ""
		c.Blank = d.BlankAbove(c.Line)
		list = append(list, c)
		i = end - 1
	}
	return list
}

// spans lists where the scalars below n stand; of blocks without their first line,
// which may hold a comment.
func (d *Doc) spans(n *Node, out [][2]int) [][2]int {
	switch n.Kind {
	case Map:
		for _, p := range n.Pairs {
			out = d.spans(p.Value, d.spans(p.Key, out))
		}
	case List:
		for _, item := range n.Items {
			out = d.spans(item, out)
		}
	default:
		from := d.offset(n.Line, n.Column)
		_, end := d.span(n)
		if n.Style == Literal || n.Style == Folded {
			for from < end && d.src[from] != '\n' && d.src[from] != '\r' {
				from++
			}
		}
		if end > from {
			out = append(out, [2]int{from, end})
		}
	}
	return out
}

// BlankAbove reports whether the line above a line is empty.
func (d *Doc) BlankAbove(line int) bool {
	if line < 2 || line > len(d.lines) {
		return false
	}
	return strings.TrimSpace(string(d.src[d.lines[line-2]:d.lines[line-1]])) == ""
}

// Offset is the byte at which n begins.
func (d *Doc) Offset(n *Node) int { return d.offset(n.Line, n.Column) }

// Raw is the source of a scalar, and whether it stands on one line.
func (d *Doc) Raw(n *Node) (text string, oneLine bool) {
	_, end := d.span(n)
	text = string(d.src[d.offset(n.Line, n.Column):end])
	return text, !strings.ContainsAny(text, "\n\r")
}

// Block returns the first line of a block scalar ("|-") and its lines without their
// common indentation and without empty ones at the end.
func (d *Doc) Block(n *Node) (head string, lines []string) {
	_, end := d.span(n)
	text := string(d.src[d.offset(n.Line, n.Column):end])
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	all := strings.Split(text, "\n")
	head, _, _ = strings.Cut(all[0], "#")
	indent := -1
	for _, l := range all[1:] {
		if own := len(l) - len(strings.TrimLeft(l, " ")); strings.TrimSpace(l) != "" && (indent < 0 || own < indent) {
			indent = own
		}
	}
	for _, l := range all[1:] {
		lines = append(lines, l[min(max(indent, 0), len(l)):])
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return strings.TrimSpace(head), lines
}
