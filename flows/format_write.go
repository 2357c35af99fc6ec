package flows

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// lineWidth is how long a one-line map may be before it is written on several lines.
const lineWidth = 160

// writer writes a document anew. Comments are given to entries first, because nodes
// are written in another order than they are read.
type writer struct {
	doc   *yamldoc.Doc
	order map[string]int // node id → place in the walk
	out   bytes.Buffer

	entries []*entry
	byStart map[*yamldoc.Node]*entry // by the key of a pair or the item of a list
	foot    []yamldoc.Comment        // after everything else
}

// entry is a pair or list item that begins a line, with its comments.
type entry struct {
	node   *yamldoc.Node // the key or the item
	offset int
	column int
	head   []yamldoc.Comment // on lines above
	tail   []yamldoc.Comment // behind it on its line
	foot   []yamldoc.Comment // on lines below, indented like it
	blank  bool              // the line above is empty
}

func newWriter(doc *yamldoc.Doc, order map[string]int) *writer {
	w := &writer{doc: doc, order: order, byStart: map[*yamldoc.Node]*entry{}}
	comments := doc.Comments()
	w.collect(doc.Root, "", comments)
	slices.SortStableFunc(w.entries, func(a, b *entry) int { return a.offset - b.offset })
	for _, c := range comments {
		w.give(c)
	}
	return w
}

func (w *writer) bytes() []byte { return w.out.Bytes() }

// collect finds the entries: everything that is not inside a map or list on one line.
func (w *writer) collect(n *yamldoc.Node, path string, comments []yamldoc.Comment) {
	if n.Kind != yamldoc.Scalar && w.onOneLine(n, path, comments) {
		return
	}
	for _, p := range n.Pairs {
		w.enter(p.Key)
		w.collect(p.Value, path+"/"+step(path, p.Key.Text), comments)
	}
	for _, item := range n.Items {
		w.enter(item)
		w.collect(item, path+"/*", comments)
	}
}

func (w *writer) enter(n *yamldoc.Node) {
	e := &entry{node: n, offset: w.doc.Offset(n), column: n.Column, blank: w.doc.BlankAbove(n.Line)}
	w.entries = append(w.entries, e)
	w.byStart[n] = e
}

// give decides to which entry a comment belongs.
func (w *writer) give(c yamldoc.Comment) {
	next := slices.IndexFunc(w.entries, func(e *entry) bool { return e.offset > c.Offset })
	if next < 0 {
		next = len(w.entries)
	}
	switch {
	case !c.Own && next > 0:
		e := w.entries[next-1]
		e.tail = append(e.tail, c)
	case next < len(w.entries) && (next == 0 || !c.Own || w.entries[next].column >= c.Column):
		w.entries[next].head = append(w.entries[next].head, c)
	case next == len(w.entries) && c.Column == 1:
		w.foot = append(w.foot, c)
	default:
		at := next - 1
		for i := next - 1; i >= 0; i-- {
			if w.entries[i].column <= c.Column {
				at = i
				break
			}
		}
		w.entries[at].foot = append(w.entries[at].foot, c)
	}
}

// onOneLine reports whether a map or list is written with braces on one line.
func (w *writer) onOneLine(n *yamldoc.Node, path string, comments []yamldoc.Comment) bool {
	if len(n.Pairs) == 0 && len(n.Items) == 0 {
		return true
	}
	if !n.Flow || path == "" || path == "/nodes" {
		return false
	}
	from, to := w.doc.Offset(n), w.end(n)
	for _, c := range comments {
		if c.Offset > from && c.Offset < to {
			return false
		}
	}
	text, ok := w.inline(n, path)
	return ok && n.Column+utf8.RuneCountInString(text) <= lineWidth
}

// end is the offset of the last scalar below n.
func (w *writer) end(n *yamldoc.Node) int {
	at := w.doc.Offset(n)
	for _, p := range n.Pairs {
		at = max(at, w.end(p.Key), w.end(p.Value))
	}
	for _, item := range n.Items {
		at = max(at, w.end(item))
	}
	return at
}

// inline is a node written on one line, and whether that may be done.
func (w *writer) inline(n *yamldoc.Node, path string) (string, bool) {
	var parts []string
	good := true
	switch n.Kind {
	case yamldoc.Map:
		for _, p := range n.Pairs {
			at := path + "/" + step(path, p.Key.Text)
			value, ok := w.inline(p.Value, at)
			good = good && ok && !computed(p.Value)
			parts = append(parts, strings.TrimRight(w.key(p.Key)+": "+value, " "))
		}
		if len(parts) == 0 {
			return "{}", true
		}
		return "{ " + strings.Join(parts, ", ") + " }", good
	case yamldoc.List:
		for _, item := range n.Items {
			value, ok := w.inline(item, path+"/*")
			good = good && ok && value != ""
			parts = append(parts, value)
		}
		return "[" + strings.Join(parts, ", ") + "]", good
	}
	return w.scalar(n, path), n.Style != yamldoc.Literal && n.Style != yamldoc.Folded
}

// computed reports whether a value is an expression that calls a function and is not
// quoted: one comma more and YAML would split it.
func computed(n *yamldoc.Node) bool {
	return n.IsText() && n.Style == yamldoc.Plain && strings.HasPrefix(n.Text, "=") && strings.Contains(n.Text, "(")
}

// root writes the document.
func (w *writer) root() {
	w.block(w.doc.Root, "", 0, false)
	for i, c := range w.foot {
		w.comment(c, 0, i > 0 || w.out.Len() > 0)
	}
}

func (w *writer) comment(c yamldoc.Comment, indent int, spaced bool) {
	if c.Own && c.Blank && spaced && w.out.Len() > 0 {
		w.out.WriteByte('\n')
	}
	w.out.WriteString(strings.Repeat(" ", indent) + c.Text + "\n")
}

// block writes a map or list on lines of its own. If inItem, its first line continues
// the line of a "- ".
func (w *writer) block(n *yamldoc.Node, path string, indent int, inItem bool) {
	pairs := n.Pairs
	if path == "/nodes" {
		pairs = slices.Clone(pairs)
		slices.SortStableFunc(pairs, func(a, b yamldoc.Pair) int { return w.order[a.Key.Text] - w.order[b.Key.Text] })
	}
	for i, p := range pairs {
		e := w.byStart[p.Key]
		w.heads(e, indent, i == 0, inItem && i == 0)
		w.out.WriteString(w.key(p.Key) + ":")
		w.value(p.Value, path+"/"+step(path, p.Key.Text), indent+2, e)
		w.feet(e, indent)
	}
	for i, item := range n.Items {
		e := w.byStart[item]
		w.heads(e, indent, i == 0, inItem && i == 0)
		w.out.WriteString("-")
		w.item(item, path+"/*", indent+2, e)
		w.feet(e, indent)
	}
}

// heads writes what stands above an entry, and its indentation.
func (w *writer) heads(e *entry, indent int, first, continued bool) {
	for i, c := range e.head {
		w.comment(c, indent, !first || i > 0)
	}
	if continued {
		return
	}
	if e.blank && (!first || len(e.head) > 0) && w.out.Len() > 0 {
		w.out.WriteByte('\n')
	}
	w.out.WriteString(strings.Repeat(" ", indent))
}

func (w *writer) feet(e *entry, indent int) {
	for _, c := range e.foot {
		w.comment(c, indent, true)
	}
}

// tail ends a line with the comments that stand behind it; all but the first on lines
// of their own.
func (w *writer) tail(e *entry, indent int) {
	for i, c := range e.tail {
		if i == 0 {
			w.out.WriteString(" " + c.Text)
		} else {
			w.out.WriteString("\n" + strings.Repeat(" ", indent) + c.Text)
		}
	}
	w.out.WriteByte('\n')
}

// value writes what stands after a key.
func (w *writer) value(n *yamldoc.Node, path string, indent int, e *entry) {
	if n.Kind == yamldoc.Scalar {
		w.scalarLines(n, path, indent, e)
		return
	}
	if w.flat(n) {
		text, _ := w.inline(n, path)
		w.out.WriteString(" " + text)
		w.tail(e, indent)
		return
	}
	w.tail(e, indent)
	w.block(n, path, indent, false)
}

// item writes what stands after "-".
func (w *writer) item(n *yamldoc.Node, path string, indent int, e *entry) {
	if n.Kind == yamldoc.Scalar || w.flat(n) {
		w.value(n, path, indent, e)
		return
	}
	if len(e.tail) > 0 {
		w.tail(e, indent)
		w.block(n, path, indent, false)
		return
	}
	w.out.WriteByte(' ')
	w.block(n, path, indent, true)
}

// flat reports whether a map or list was found to stand on one line: then nothing in
// it is an entry.
func (w *writer) flat(n *yamldoc.Node) bool {
	if len(n.Pairs) > 0 {
		return w.byStart[n.Pairs[0].Key] == nil
	}
	return len(n.Items) == 0 || w.byStart[n.Items[0]] == nil
}
