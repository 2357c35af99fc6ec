package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Error says where and why a filter does not parse.
type Error struct {
	Offset     int
	Text       string
	Attributes []string // set when an attribute is not supported
	Operators  []string // set when an operator is not supported
}

// Error is the text with its place.
func (e *Error) Error() string { return fmt.Sprintf("%s at %d", e.Text, e.Offset) }

// Parse reads a filter; "" gives the Filter that lets everything pass. Errors are
// *Error.
func Parse(src string, s Schema) (Filter, error) {
	f := Filter{fold: s.Fold}
	if f.fold == nil {
		f.fold = strings.ToLower
	}
	if strings.TrimSpace(src) == "" {
		return f, nil
	}
	if len(src) > MaxLength {
		return Filter{}, &Error{Text: "the filter is too long"}
	}
	p := &parser{src: src, schema: s}
	root, err := p.or(0)
	if err != nil {
		return Filter{}, err
	}
	if p.space(); p.at < len(src) {
		return Filter{}, p.fail("expected the end of the filter")
	}
	f.root = root
	return f, nil
}

type parser struct {
	src    string
	at     int
	terms  int
	schema Schema
}

func (p *parser) fail(text string) *Error { return &Error{Offset: p.at, Text: text} }

func (p *parser) space() {
	for p.at < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) or(depth int) (node, error) {
	return p.chain("or", depth, p.and, func(n []node) node { return either{n} })
}

func (p *parser) and(depth int) (node, error) {
	return p.chain("and", depth, p.primary, func(n []node) node { return both{n} })
}

func (p *parser) chain(word string, depth int, next func(int) (node, error), join func([]node) node) (node, error) {
	first, err := next(depth)
	if err != nil {
		return nil, err
	}
	all := []node{first}
	for p.keyword(word) {
		n, err := next(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	if len(all) == 1 {
		return first, nil
	}
	return join(all), nil
}

// keyword takes word, in any case, if it comes next as a whole word.
func (p *parser) keyword(word string) bool {
	start := p.at
	p.space()
	if strings.EqualFold(p.word(), word) {
		return true
	}
	p.at = start
	return false
}

func (p *parser) word() string {
	start := p.at
	for p.at < len(p.src) && isWord(p.src[p.at]) {
		p.at++
	}
	return p.src[start:p.at]
}

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '.' || b == '_' || b == '-'
}

func (p *parser) primary(depth int) (node, error) {
	if depth >= MaxDepth {
		return nil, p.fail("the filter is nested too deeply")
	}
	p.space()
	if p.at >= len(p.src) || p.src[p.at] != '(' {
		return p.term()
	}
	p.at++
	n, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at >= len(p.src) || p.src[p.at] != ')' {
		return nil, p.fail("expected )")
	}
	p.at++
	return n, nil
}

func (p *parser) term() (node, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.fail("the filter has too many terms")
	}
	name := p.word()
	i := slices.IndexFunc(p.schema.Attributes, func(a string) bool { return strings.EqualFold(a, name) })
	if i < 0 {
		e := p.fail(fmt.Sprintf("attribute %q is not supported", name))
		e.Attributes = p.schema.Attributes
		return nil, e
	}
	p.space()
	op := strings.ToLower(p.word())
	operators, isTime := p.schema.Operators, slices.Contains(p.schema.Times, p.schema.Attributes[i])
	if isTime {
		operators = []string{"ge", "gt", "le", "lt"}
	}
	if !slices.Contains(operators, op) {
		e := p.fail(fmt.Sprintf("operator %q is not supported", op))
		e.Operators = operators
		return nil, e
	}
	if isTime {
		at, err := p.time()
		return compare{attribute: p.schema.Attributes[i], op: op, value: at}, err
	}
	value, err := p.literal()
	if err != nil {
		return nil, err
	}
	if _, text := value.(string); !text && op != "eq" {
		return nil, p.fail("only eq compares true and false")
	}
	return compare{attribute: p.schema.Attributes[i], op: op, value: value}, nil
}

func (p *parser) time() (time.Time, error) {
	p.space()
	start := p.at
	v, err := p.literal()
	if err != nil {
		return time.Time{}, err
	}
	s, _ := v.(string)
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		p.at = start
		return time.Time{}, p.fail(`expected a time in double quotes, such as "2026-01-31T12:00:00Z"`)
	}
	return at, nil
}

func (p *parser) literal() (any, error) {
	p.space()
	if p.at >= len(p.src) || p.src[p.at] != '"' {
		switch start := p.at; p.word() {
		case "true":
			return true, nil
		case "false":
			return false, nil
		default:
			p.at = start
			return nil, p.fail(`expected a text in double quotes, true or false`)
		}
	}
	for end := p.at + 1; end < len(p.src); end++ {
		switch p.src[end] {
		case '\\':
			end++
		case '"':
			var s string
			if err := json.Unmarshal([]byte(p.src[p.at:end+1]), &s); err != nil {
				return nil, p.fail("the text is not a JSON string")
			}
			p.at = end + 1
			return s, nil
		}
	}
	return nil, p.fail("the text has no end")
}
