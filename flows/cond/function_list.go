package cond

import (
	"slices"
	"unicode/utf8"
)

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

// publicKey is key where no schema names the members: a member that is called as secrets
// are is read by its name, which says what it is.
func publicKey(p ...any) (any, error) {
	if name, ok := p[1].(string); ok && namesSecret(name) {
		return nil, failf("a member that is called as a secret is must be read by its name")
	}
	return key(p...)
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

// publicValues are memberValues where no schema names the members, without those that are
// called as secrets are: a value alone does not say what it is.
func publicValues(p ...any) (any, error) {
	names, m, err := sortedMembers("values", p)
	out := make([]any, 0, len(names))
	for _, name := range names {
		if taintOfName(name, m[name])&secretTaint == 0 {
			out = append(out, m[name])
		}
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
