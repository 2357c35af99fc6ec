package flows

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems bounds the errors of a report, and its warnings: a file with more is no
// flow. The two are counted apart, so that no number of warnings hides an error.
const maxProblems = 200

// snippetWidth is how much of a long line a snippet shows.
const snippetWidth = 120

// report collects problems of one source.
type report struct {
	file     string
	src      []byte
	lines    []string
	stored   bool // the source was accepted before: see ParseStored
	problems []Problem
	muted    bool // problems found now are found again later
	hints    int  // how many suggestions were looked for
}

func newReport(file string, src []byte) report {
	text := strings.TrimPrefix(string(src), "\uFEFF")
	// The breaks of YAML 1.1, as the parser counts lines.
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	return report{file: file, src: src, lines: strings.Split(text, "\n")}
}

func (r *report) add(at Pos, node, rule, text, hint string) {
	if !r.hasRoom(rule) {
		return
	}
	at = r.clamp(at)
	warning := isWarning(rule)
	tolerated := r.stored && !warning && !stopsRun(rule)
	r.problems = append(r.problems, Problem{
		File: r.file, Line: at.Line, Column: at.Column, Node: node,
		Rule: rule, Text: text, Hint: hint, Snippet: r.snippet(at), Warning: warning || tolerated, Tolerated: tolerated,
	})
}

// hasRoom reports whether one more problem of a rule would be told.
func (r *report) hasRoom(rule string) bool {
	return !r.muted && r.countProblems(isWarning(rule) || r.stored && !stopsRun(rule)) < maxProblems
}

// suggest is didYouMean for as many names as a report may hold problems: comparing each
// of ten thousand wrong names with as many right ones takes minutes.
func (r *report) suggest(word string, candidates []string) string {
	if r.hints++; r.hints > 2*maxProblems {
		return ""
	}
	return didYouMean(word, candidates)
}

// countProblems counts the warnings, or the errors.
func (r *report) countProblems(warnings bool) int {
	n := 0
	for _, p := range r.problems {
		if p.Warning == warnings {
			n++
		}
	}
	return n
}

// clamp moves a place that is past the end of the source, or of its line, to the end.
func (r *report) clamp(at Pos) Pos {
	if at.Line > len(r.lines) {
		at = Pos{len(r.lines), 1 << 30}
	}
	at.Line = max(at.Line, 1)
	at.Column = min(max(at.Column, 1), utf8.RuneCountInString(r.lines[at.Line-1])+1)
	return at
}

// snippet is the source line, safe to show, with a caret below the column. Of a long line
// it shows the part around the column.
func (r *report) snippet(at Pos) string {
	line := []rune(cut(r.lines[at.Line-1], 1<<14))
	col := min(at.Column-1, len(line))
	if from := col - snippetWidth/2; len(line) > snippetWidth && from > 0 {
		line, col = line[from:], col-from
	}
	line = line[:min(len(line), snippetWidth)]
	before := EscapeControls(string(line[:min(col, len(line))]))
	var pad strings.Builder
	for i, part := range strings.Split(before, "\t") {
		if i > 0 {
			pad.WriteByte('\t')
		}
		pad.WriteString(strings.Repeat(" ", countCells(part)))
	}
	return before + EscapeControls(string(line[min(col, len(line)):])) + "\n" + pad.String() + "^"
}

// cut shortens a text to at most n bytes, never inside a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func comparePlaces(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Text, b.Text))
}

// sorted returns the problems by place, each once.
func (r *report) sorted() []Problem {
	slices.SortStableFunc(r.problems, comparePlaces)
	return slices.CompactFunc(r.problems, func(a, b Problem) bool { return comparePlaces(a, b) == 0 })
}
