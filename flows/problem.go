package flows

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
}
