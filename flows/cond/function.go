package cond

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// runtimeFunctions are what lowered expressions call. The first argument is always the
// budget; each function charges what it reads or makes before it does.
var runtimeFunctions = map[string]func(...any) (any, error){
	"tick": func(p ...any) (any, error) {
		return nil, p[0].(*Budget).steps(p[1].(int))
	},
	"now": func(p ...any) (any, error) { return p[0].(*Budget).timestamp(), nil },
	"has": has,
	"key": key,

	"==":         func(p ...any) (any, error) { return equal(p[0].(*Budget), p[1], p[2], 0) },
	"<":          ordering(func(c int) bool { return c < 0 }),
	">":          ordering(func(c int) bool { return c > 0 }),
	"<=":         ordering(func(c int) bool { return c <= 0 }),
	">=":         ordering(func(c int) bool { return c >= 0 }),
	"in":         contained,
	"contains":   texts2("contains", strings.Contains),
	"startsWith": texts2("startsWith", strings.HasPrefix),
	"endsWith":   texts2("endsWith", strings.HasSuffix),
	"matches":    matches,

	"+":  add,
	"-":  arithmetic("-", func(x, y float64) float64 { return x - y }),
	"*":  arithmetic("*", func(x, y float64) float64 { return x * y }),
	"/":  arithmetic("/", func(x, y float64) float64 { return x / y }),
	"%":  arithmetic("%", math.Mod),
	"**": arithmetic("**", math.Pow),

	"len": length, "first": end("first", true), "last": end("last", false),
	"keys": memberNames, "values": memberValues,
	"lower": textual("lower", strings.ToLower), "upper": textual("upper", strings.ToUpper), "trim": trim,
	"int": toIntFunction, "float": toFloatFunction, "string": toStringFunction,
}

// has walks a path and says whether a value is at its end.
func has(p ...any) (any, error) {
	at := p[1]
	for _, key := range p[2:] {
		switch key := key.(type) {
		case string:
			m, _ := members(at)
			at = m[key]
		case int:
			list, ok := items(at)
			if !ok || key >= len(list) {
				return false, nil
			}
			at = list[key]
		}
	}
	return !isAbsent(at), nil
}

// key passes the name of a member or the number of an item, and nothing else: expr
// would print any other value, however deep, into its error.
func key(p ...any) (any, error) {
	if s, ok := p[1].(string); ok {
		return s, nil
	}
	if n, ok := toInt(p[1]); ok {
		return n, nil
	}
	return nil, failf("what stands between [ ] must be a string or an integer, and is %s", kindName(p[1]))
}

func ordering(holds func(int) bool) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		c, err := order(p[0].(*Budget), p[1], p[2])
		return holds(c), err
	}
}

// contained is `in`: an item of a list or the name of a member; nothing is in nil.
func contained(p ...any) (any, error) {
	b := p[0].(*Budget)
	if isAbsent(p[2]) {
		return false, nil
	}
	if list, ok := items(p[2]); ok {
		for _, item := range list {
			if same, err := equal(b, p[1], item, 0); same || err != nil {
				return same, err
			}
		}
		return false, nil
	}
	m, ok := members(p[2])
	if !ok {
		return nil, failf("in looks into a list or an object, not into %s", kindName(p[2]))
	}
	name, ok := p[1].(string)
	if !ok {
		return false, nil
	}
	_, ok = m[name]
	return ok, nil
}

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

// arithmetic computes as JSON does, in float64. The result is an int again where both
// operands were integers and it is exact.
func arithmetic(name string, compute func(x, y float64) float64) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		x, ok := toFloat(p[1])
		y, also := toFloat(p[2])
		if !ok || !also {
			return nil, failf("%s needs two numbers, and got %s and %s", name, kindName(p[1]), kindName(p[2]))
		}
		z := compute(x, y)
		if err := finite(z); err != nil {
			return nil, err
		}
		if z == math.Trunc(z) && math.Abs(z) <= maxExact {
			return int(z), nil
		}
		return z, nil
	}
}

// length counts the characters of a string, the items of a list, the members of an
// object.
func length(p ...any) (any, error) {
	switch v := p[1].(type) {
	case string:
		return utf8.RuneCountInString(v), p[0].(*Budget).bytes(len(v))
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	}
	if list, ok := items(p[1]); ok {
		return len(list), nil
	}
	if m, ok := members(p[1]); ok {
		return len(m), nil
	}
	return nil, failf("len needs a string, a list or an object, and got %s", kindName(p[1]))
}

// end is the first or last item of a list, nil if it is empty.
func end(name string, first bool) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		list, ok := items(p[1])
		switch {
		case !ok:
			return nil, failf("%s needs a list, and got %s", name, kindName(p[1]))
		case len(list) == 0:
			return nil, nil
		case first:
			return list[0], nil
		}
		return list[len(list)-1], nil
	}
}

// memberNames are sorted, so that the same data gives the same list.
func memberNames(p ...any) (any, error) {
	names, _, err := sortedMembers("keys", p)
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out, err
}

// memberValues are in the order of their names.
func memberValues(p ...any) (any, error) {
	names, m, err := sortedMembers("values", p)
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = m[name]
	}
	return out, err
}

func sortedMembers(name string, p []any) ([]string, map[string]any, error) {
	m, ok := members(p[1])
	if !ok {
		return nil, nil, failf("%s needs an object, and got %s", name, kindName(p[1]))
	}
	if err := p[0].(*Budget).steps(len(m)); err != nil {
		return nil, nil, err
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, m, nil
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

// maxNumber is the longest text that int and float read: more digits mean nothing.
const maxNumber = 64

func toIntFunction(p ...any) (any, error) {
	v := p[1]
	if s, ok := v.(string); ok {
		n, err := strconv.Atoi(strings.TrimSpace(s[:min(len(s), maxNumber)]))
		if err != nil || len(s) > maxNumber {
			return nil, failf("the text given to int is not an integer")
		}
		return n, nil
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, failf("int needs a number or a string, and got %s", kindName(v))
	}
	if f = math.Trunc(f); !(math.Abs(f) <= maxExact) {
		return nil, failf("the number given to int is out of range")
	}
	return int(f), nil
}

func toFloatFunction(p ...any) (any, error) {
	v := p[1]
	if s, ok := v.(string); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(s[:min(len(s), maxNumber)]), 64)
		if err != nil || len(s) > maxNumber || finite(f) != nil {
			return nil, failf("the text given to float is not a number")
		}
		return f, nil
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, failf("float needs a number or a string, and got %s", kindName(v))
	}
	return f, finite(f)
}

// toStringFunction writes scalars as JSON does.
func toStringFunction(p ...any) (any, error) {
	switch v := p[1].(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	if n, ok := toInt(p[1]); ok {
		return strconv.Itoa(n), nil
	}
	if f, ok := toFloat(p[1]); ok && finite(f) == nil {
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	}
	return nil, failf("string needs a string, a number or a boolean, and got %s", kindName(p[1]))
}

var plus = arithmetic("+", func(x, y float64) float64 { return x + y })
