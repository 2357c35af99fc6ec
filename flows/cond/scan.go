package cond

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// scan looks at the words of an expression before anything recursive does: sizes, and
// words of expr that conditions do not have, each at its exact place.
func scan(src string, at offsets) issues {
	var found issues
	if len(src) > maxSource {
		found.add(Issue{Offset: maxSource, Rule: RuleTooLarge,
			Text: fmt.Sprintf("the expression has %d bytes, at most %d are allowed", len(src), maxSource),
			Hint: "compute parts of it with `set` in earlier nodes"})
		return found
	}
	if i := templateStart(src); i >= 0 {
		found.add(Issue{Offset: i, Rule: RuleTemplate, Text: "there is no templating: the whole value is the expression",
			Hint: "write the expression alone, after =, as in =inputs.userId"})
		return found
	}
	tokens, err := lexer.Lex(file.NewSource(src))
	if err != nil {
		return found // parse finds the same and says it
	}
	depth := 0
	for i, t := range tokens {
		if t.Kind == lexer.String && templateStart(t.Value) >= 0 {
			found.add(Issue{Offset: at.byte(t.From), Rule: RuleTemplate, Text: "nothing is put into strings: ${ and {{ are text",
				Hint: `join strings with +, as in "Hello " + inputs.name`, Warning: true})
		}
		offset := at.byte(t.From)
		switch {
		case t.Is(lexer.Bracket, "(") || t.Is(lexer.Bracket, "[") || t.Is(lexer.Bracket, "{"):
			if depth++; depth > maxNesting {
				return issues{{Offset: offset, Rule: RuleTooLarge,
					Text: fmt.Sprintf("brackets are nested deeper than %d", maxNesting), Hint: "take some of them out"}}
			}
		case t.Kind == lexer.Bracket:
			depth--
		case t.Kind == lexer.Bytes:
			found.add(Issue{Offset: offset, Rule: RuleNotAllowed, Text: "byte strings are not part of the language",
				Hint: "drop the b before the quote"})
		case t.Kind == lexer.Identifier && strings.HasPrefix(t.Value, "$"):
			found.add(notAllowed(offset, t.Value, "name a root: inputs, vars, nodes, out, …"))
		case t.Kind == lexer.Operator:
			if hint := banned(tokens, i); hint != "" {
				found.add(notAllowed(offset, t.Value, hint))
			}
		}
	}
	return found
}

func notAllowed(offset int, what, hint string) Issue {
	return Issue{Offset: offset, Rule: RuleNotAllowed, Text: "`" + what + "` is not part of the language", Hint: hint}
}

// templateStart finds the first `${` or `{{` outside of quotes, or -1.
func templateStart(src string) int {
	var quote byte
	for i := 0; i < len(src); i++ {
		switch ch := src[i]; {
		case quote != 0:
			if ch == '\\' && quote != '`' {
				i++
			} else if ch == quote {
				quote = 0
			}
		case ch == '"' || ch == '\'' || ch == '`':
			quote = ch
		case strings.HasPrefix(src[i:], "${") || strings.HasPrefix(src[i:], "{{"):
			return i
		}
	}
	return -1
}

// banned says what to write instead of an operator that conditions do not have; "" if
// they have it.
func banned(tokens []lexer.Token, i int) string {
	switch tokens[i].Value {
	case "#", "##":
		return "in a predicate name the member, .status, or write . for the item; YAML takes ` #` for a comment"
	case "let":
		return "use `set` in a node before this one"
	case "if", "else":
		return "write condition ? value : other"
	case ";":
		return "one expression only; use `set` in a node before this one"
	case "|":
		return "write the call, f(x), instead of x | f(); `or` is the other meaning"
	case "..":
		return "write the list, [1, 2, 3], or two comparisons"
	case "^":
		return "write **"
	case "::":
		return "write the name alone"
	case "=":
		if i == 0 {
			return "an expression in `when`, `match` or `until` has no = before it"
		}
		if i > 1 && tokens[i-2].Value == "let" {
			return ""
		}
		return "write == to compare"
	case "&":
		return "write and"
	}
	return ""
}
