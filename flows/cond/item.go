package cond

import (
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// markItems writes expr's `#` where src has a `.` that stands for the item of a
// predicate: one that neither follows a value nor begins the name of a member. Both are
// one byte, so that every place in the text stays what it was.
func markItems(src string, at offsets) string {
	tokens, err := lexer.Lex(file.NewSource(src))
	if err != nil {
		return src // the parser finds the same and says it
	}
	out := []byte(src)
	for i, t := range tokens {
		if !t.Is(lexer.Operator, ".") || i > 0 && endsValue(tokens[i-1]) || i+1 < len(tokens) && tokens[i+1].Kind == lexer.Identifier {
			continue
		}
		out[at.byte(t.From)] = '#'
	}
	return string(out)
}

// endsValue reports whether a dot after t reads a member of what t ends.
func endsValue(t lexer.Token) bool {
	switch t.Kind {
	case lexer.Identifier, lexer.Number, lexer.String:
		return true
	case lexer.Bracket:
		return t.Value == ")" || t.Value == "]" || t.Value == "}"
	}
	return false
}
