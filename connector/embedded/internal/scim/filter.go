package scim

import (
	"slices"
	"strings"
	"time"
)

// Limits of a filter: longest text in bytes, deepest nesting, most comparisons.
const (
	MaxLength = 4096
	MaxDepth  = 16
	MaxTerms  = 64
)

// Schema says what may be filtered.
type Schema struct {
	Attributes []string                 // names as on the wire; compared ignoring case
	Operators  []string                 // of eq, sw, ew, co
	Times      []string                 // attributes that are compared by ge, gt, le, lt alone
	Fold       func(text string) string // makes texts comparable; nil: lower case
}

// Filter is a parsed filter. The zero Filter lets everything pass.
type Filter struct {
	root node
	fold func(string) string
}

type node interface {
	eval(get func(string) any, fold func(string) string) bool
}

type both struct{ all []node }
type either struct{ any []node }
type compare struct {
	attribute, op string
	value         any // string, bool or time.Time
}

// Match evaluates the filter. get returns an attribute's value: string, bool,
// time.Time, or nil when there is none, which matches nothing.
func (f Filter) Match(get func(attribute string) any) bool {
	return f.root == nil || f.root.eval(get, f.fold)
}

// Equal returns the text that attribute must equal in every match, if the filter says
// so: a term on its own or in a chain of "and".
func (f Filter) Equal(attribute string) (string, bool) {
	terms := []node{f.root}
	if b, ok := f.root.(both); ok {
		terms = b.all
	}
	for _, t := range terms {
		if c, ok := t.(compare); ok && c.attribute == attribute && c.op == "eq" {
			s, isText := c.value.(string)
			return s, isText
		}
	}
	return "", false
}

// Bounds returns the times between which attribute must lie in every match, as far as
// the filter says so in a term on its own or in a chain of "and"; zero where it does not.
func (f Filter) Bounds(attribute string) (from, to time.Time) {
	terms := []node{f.root}
	if b, ok := f.root.(both); ok {
		terms = b.all
	}
	for _, t := range terms {
		c, ok := t.(compare)
		at, isTime := c.value.(time.Time)
		switch {
		case !ok || !isTime || c.attribute != attribute:
		case (c.op == "gt" || c.op == "ge") && at.After(from):
			from = at
		case (c.op == "lt" || c.op == "le") && (to.IsZero() || at.Before(to)):
			to = at
		}
	}
	return from, to
}

func (b both) eval(get func(string) any, fold func(string) string) bool {
	return !slices.ContainsFunc(b.all, func(n node) bool { return !n.eval(get, fold) })
}

func (e either) eval(get func(string) any, fold func(string) string) bool {
	return slices.ContainsFunc(e.any, func(n node) bool { return n.eval(get, fold) })
}

func (c compare) eval(get func(string) any, fold func(string) string) bool {
	got := get(c.attribute)
	if at, isTime := c.value.(time.Time); isTime {
		have, ok := got.(time.Time)
		return ok && ordered(have, c.op, at)
	}
	want, text := c.value.(string)
	have, isText := got.(string)
	if !text || !isText {
		return c.op == "eq" && got != nil && got == c.value
	}
	have, want = fold(have), fold(want)
	switch c.op {
	case "eq":
		return have == want
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	}
	return strings.Contains(have, want)
}

func ordered(have time.Time, op string, want time.Time) bool {
	n := have.Compare(want)
	switch op {
	case "gt":
		return n > 0
	case "ge":
		return n >= 0
	case "lt":
		return n < 0
	}
	return n <= 0
}
