package cond

import (
	"fmt"
	"net/netip"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// FormatIP is the Format of a text that is an IP address in its canonical form.
const FormatIP = "ip"

const addressHint = "addresses are compared as text: name each address, `request.ip in [\"192.0.2.7\"]`, or let `risk/evaluate` judge the network"

// ImpossibleAddress says why a text is never an address, "" if it may be one.
func ImpossibleAddress(text string) (problem, hint string) {
	if _, err := netip.ParsePrefix(text); err == nil {
		return fmt.Sprintf("%q is a network, and an address is never equal to one", text), addressHint
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return fmt.Sprintf("%q is no IP address", text), addressHint
	}
	if canonical := addr.Unmap().String(); canonical != text {
		return fmt.Sprintf("%q is another spelling of an address than the one it is compared with", text), fmt.Sprintf("write %q", canonical)
	}
	return "", ""
}

// address refuses to compare an address with a text that none ever is.
func (c *checker) address(n ast.Node, t *Type, literal ast.Node) {
	text, ok := literal.(*ast.StringNode)
	if !ok || t.Format != FormatIP {
		return
	}
	if problem, hint := ImpossibleAddress(text.Value); problem != "" {
		c.issue(c.pos(literal), RuleNeverTrue, show(n)+" is an IP address: "+problem, hint)
	}
}

// addressPart refuses to look in an address for what none ever holds.
func (c *checker) addressPart(n *ast.BinaryNode, t *Type) {
	text, ok := n.Right.(*ast.StringNode)
	if !ok || t.Format != FormatIP {
		return
	}
	wrong := strings.Trim(text.Value, "0123456789abcdef.:") != ""
	if n.Operator == "matches" {
		wrong = strings.Contains(text.Value, "/")
	}
	if wrong {
		c.issue(c.pos(n.Right), RuleNeverTrue, fmt.Sprintf("%s is an IP address, which never holds %q", show(n.Left), text.Value), addressHint)
	}
}

// matchesNothing reports whether no text matches a pattern.
func matchesNothing(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpNoMatch:
		return true
	case syntax.OpCharClass:
		return len(re.Rune) == 0
	case syntax.OpCapture, syntax.OpPlus:
		return matchesNothing(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && matchesNothing(re.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !matchesNothing(sub) {
				return false
			}
		}
		return true
	case syntax.OpConcat:
		before, ended := false, false // whether text stands before, and whether it must have ended
		for _, sub := range re.Sub {
			takes := takesText(sub)
			if matchesNothing(sub) || sub.Op == syntax.OpBeginText && before || ended && takes {
				return true
			}
			before, ended = before || takes, ended || sub.Op == syntax.OpEndText
		}
	}
	return false
}

// takesText reports whether what matches is never empty.
func takesText(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return takesText(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && takesText(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if takesText(sub) {
				return true
			}
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !takesText(sub) {
				return false
			}
		}
		return true
	}
	return false
}
