package cond

import (
	"strings"
)

func texts2(name string, holds func(s, part string) bool) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		s, ok := p[1].(string)
		part, also := p[2].(string)
		if !ok || !also {
			return nil, failf("%s needs two strings, and got %s and %s", name, kindName(p[1]), kindName(p[2]))
		}
		if err := p[0].(*Budget).bytes(len(s) + len(part)); err != nil {
			return nil, err
		}
		return holds(s, part), nil
	}
}

// matchCost is how many instructions over characters one step pays for: RE2's time is
// at most their product.
const matchCost = 256

func matches(p ...any) (any, error) {
	b, pattern := p[0].(*Budget), p[2].(*pattern)
	s, ok := p[1].(string)
	if !ok {
		return nil, failf("matches needs a string, and got %s", kindName(p[1]))
	}
	if err := b.steps(len(s) * pattern.instructions / matchCost); err != nil {
		return nil, err
	}
	if err := b.bytes(len(s)); err != nil {
		return nil, err
	}
	return pattern.re.MatchString(s), nil
}

// add joins two strings, charging the new one before it is made, or adds numbers.
func add(p ...any) (any, error) {
	s, ok := p[1].(string)
	t, also := p[2].(string)
	if !ok || !also {
		return plus(p...)
	}
	if err := p[0].(*Budget).bytes(len(s) + len(t)); err != nil {
		return nil, err
	}
	return s + t, nil
}

func textual(name string, change func(string) string) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		s, ok := p[1].(string)
		if !ok {
			return nil, failf("%s needs a string, and got %s", name, kindName(p[1]))
		}
		if err := p[0].(*Budget).bytes(len(s)); err != nil {
			return nil, err
		}
		return change(s), nil
	}
}

// trim drops white space at both ends, or the characters of its second argument.
func trim(p ...any) (any, error) {
	s, ok := p[1].(string)
	cut, also := " \t\r\n\v\f\u0085\u00a0", true
	if len(p) == 3 {
		cut, also = p[2].(string)
	}
	if !ok || !also {
		return nil, failf("trim needs strings")
	}
	b := p[0].(*Budget)
	if err := b.bytes(len(s) + len(cut)); err != nil {
		return nil, err
	}
	if err := b.steps(len(s) * len(cut) / matchCost); err != nil {
		return nil, err
	}
	return strings.Trim(s, cut), nil
}
