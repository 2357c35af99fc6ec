package flows

import (
	"fmt"
	"strings"
)

// Problem is something wrong in a flow, said so that its author can mend it: where, by
// which rule, what is wrong and what to write instead.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Node    string `json:"node,omitempty"`
	Rule    string `json:"rule"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`
	Snippet string `json:"snippet,omitempty"` // the source line and a caret below the column
	Warning bool   `json:"-"`                 // the flow may still be deployed

	// Tolerated is a Warning of a flow that was accepted before the rule was made: a new
	// upload is refused for it.
	Tolerated bool `json:"-"`
}

// String is the problem on one line, as compilers write it:
// "flow.yaml:3:7: unknown-key: a node has no key `nxt` (did you mean `next`?)".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	fmt.Fprintf(&b, "%d:%d: %s: %s", p.Line, p.Column, p.Rule, p.Text)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// HasErrors reports whether any of the problems is more than a warning.
func HasErrors(problems []Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}
