package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Rule codes of the issues made here.
const (
	RuleTooLarge   = "too-large"
	RuleTooDeep    = "too-deep"
	RuleEncoding   = "yaml-encoding"
	RuleSyntax     = "yaml-syntax"
	RuleEmpty      = "empty-document"
	RuleDocuments  = "yaml-documents"
	RuleAnchor     = "yaml-anchor"
	RuleMerge      = "yaml-merge-key"
	RuleTag        = "yaml-tag"
	RuleDuplicate  = "duplicate-key"
	RuleKey        = "yaml-key"
	RuleNumber     = "yaml-number"
	RuleDirective  = "yaml-directive"
	repairsAtMost  = 20
	duplicateShown = 20
)

// Read reads one document. Text that is not YAML is reported, replaced by a stand-in
// (see Node.Broken), and reading goes on, so that one pass finds several mistakes.
func Read(src []byte) (*Doc, []Issue) {
	if bad := measure(src); bad != nil {
		return &Doc{src: src}, []Issue{*bad}
	}
	d := &Doc{src: src, lines: lineStarts(src)}
	r := reader{doc: d}
	root := r.load(src)
	if root == nil {
		return d, r.issues
	}
	d.Root = r.convert(root, false)
	return d, r.issues
}

// measure refuses what would cost too much to parse.
func measure(src []byte) *Issue {
	if len(src) > MaxBytes {
		return &Issue{1, 1, RuleTooLarge, fmt.Sprintf("the file has %d bytes, at most %d are allowed", len(src), MaxBytes),
			"split the flow: `call` runs another flow"}
	}
	if !utf8.Valid(src) {
		line, col := placeOfBadUTF8(src)
		return &Issue{line, col, RuleEncoding, "the file is not UTF-8 from here on", "save it as UTF-8"}
	}
	marks := 0
	for i, c := range src {
		if c == '\n' || c == ',' || c == '[' || c == '{' || c == ':' && (i+1 == len(src) || src[i+1] <= ' ') {
			marks++
		}
	}
	if marks > MaxMarks {
		return &Issue{1, 1, RuleTooLarge, fmt.Sprintf("the file holds more than %d lines and values", MaxMarks),
			"split the flow: `call` runs another flow"}
	}
	return nil
}

func placeOfBadUTF8(src []byte) (line, col int) {
	line, col = 1, 1
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if col++; r == '\n' {
			line, col = line+1, 1
		}
		src = src[n:]
	}
	return line, col
}

type reader struct {
	doc     *Doc
	issues  []Issue
	broken  map[int]bool // lines that hold a stand-in
	repeats int
}

func (r *reader) add(line, col int, rule, text, hint string) {
	if len(r.issues) >= MaxIssues {
		return
	}
	r.issues = append(r.issues, Issue{max(line, 1), max(col, 1), rule, text, hint})
}

// load parses src, repairing what is no YAML, and returns its only document.
func (r *reader) load(src []byte) *yaml.Node {
	for range repairsAtMost {
		root, err := r.parse(src)
		if err == nil {
			return root
		}
		var bad *yaml.LoadError
		if !errors.As(err, &bad) {
			r.add(1, 1, RuleSyntax, "the file is not YAML: "+err.Error(), "")
			return nil
		}
		if src = r.refuse(src, bad); src == nil {
			return nil
		}
	}
	return nil
}

func (r *reader) parse(src []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(MaxDepth))))
	if err != nil {
		return nil, fmt.Errorf("set up the YAML loader: %w", err)
	}
	var first, second yaml.Node
	if err := loader.Load(&first); errors.Is(err, io.EOF) {
		r.add(1, 1, RuleEmpty, "the file holds nothing", "begin with `schema: flow/v1`")
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	err = loader.Load(&second)
	if errors.Is(err, io.EOF) {
		return content(&first), nil
	}
	line, col := second.Line, second.Column
	var bad *yaml.LoadError
	if errors.As(err, &bad) {
		line, col = bad.Mark.Line, bad.Mark.Column
	}
	r.add(line, col, RuleDocuments, "a second document begins here", "one file holds one flow: remove the `---` and what follows")
	return content(&first), nil
}

func content(doc *yaml.Node) *yaml.Node {
	if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
		return doc.Content[0]
	}
	return doc
}

// refuse reports a syntax error and returns the source with the faulty line repaired,
// nil if that cannot be done.
func (r *reader) refuse(src []byte, bad *yaml.LoadError) []byte {
	line, col := bad.Mark.Line, bad.Mark.Column
	switch {
	case strings.Contains(bad.Message, "exceeded max depth"):
		r.add(line, col, RuleTooDeep, fmt.Sprintf("maps and lists are nested deeper than %d", MaxDepth), "split the flow: `call` runs another flow")
		return nil
	case strings.Contains(bad.Message, "unknown anchor"):
		r.add(line, col, RuleAnchor, "`*` begins a YAML alias, and those are refused", "write the value out, or quote it if it is text")
	case bad.Stage == yaml.ReaderStage:
		line, col = placeOfControl(src)
		r.add(line, col, RuleEncoding, "a control character stands here", "remove it")
		return nil
	default:
		issue := explain(src, line, col, bad)
		if r.broken[issue.Line] {
			return nil // the repair of this line did not help; its problem is reported
		}
		r.add(issue.Line, issue.Column, issue.Rule, issue.Text, issue.Hint)
		line = issue.Line
	}
	return r.repair(src, line)
}

func placeOfControl(src []byte) (line, col int) {
	line, col = 1, 1
	for _, c := range string(src) {
		if c != '\t' && c != '\n' && c != '\r' && (c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 && c != 0x85) || c == 0xfffe || c == 0xffff {
			break
		}
		if col++; c == '\n' {
			line, col = line+1, 1
		}
	}
	return line, col
}
