package flows

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// View is what of with leaves the process for the screen: the members that its schemas
// declare, down to the leaves, those with `x-mask` masked. A member of another kind than
// its schema says is left out like one that is not declared. A screen of a stored flow
// was accepted when it need not say what is in a member: of such a member all leaves but
// what is called a secret, or the screen would show nothing any more.
func (s *Screen) View(with map[string]any) map[string]any {
	view := map[string]any{}
	for _, in := range s.With {
		v, given := with[in.Name]
		if !given || in.Schema == nil {
			continue
		}
		cut := cutter{root: in.Schema.Doc, stored: s.stored, steps: maxViewSteps}
		if v, ok := cut.value(v, in.Schema.Doc, 0); ok {
			view[in.Name] = v
		}
	}
	return view
}

// maxViewDepth ends a schema that refers to itself; no stored value is deeper.
const maxViewDepth = 64

// maxViewSteps bounds what cutting one member looks at: alternatives in alternatives
// double with each level. A state of 64 KB has fewer values than this.
const maxViewSteps = 100_000

// cutter cuts values to what a schema declares.
type cutter struct {
	root   map[string]any
	stored bool // see ParseStored
	steps  int  // left
}

// letsThrough reports whether members that the schema does not name may pass.
func (c *cutter) letsThrough(s map[string]any) bool {
	return letsThrough(s) || c.stored && saysNothing(s)
}

// saysNothing reports whether a schema leaves open what is in its value.
func saysNothing(s map[string]any) bool {
	for _, word := range []string{"properties", "items", "additionalProperties"} {
		if s[word] != nil {
			return false
		}
	}
	return len(alternatives(s)) == 0
}

func (c *cutter) value(v any, schema map[string]any, depth int) (any, bool) {
	if depth > maxViewDepth || c.steps <= 0 {
		return nil, false
	}
	c.steps--
	s := cond.Resolve(c.root, schema)
	if s == nil {
		return nil, false
	}
	kept, ok := c.own(v, s, depth)
	for _, alternative := range alternatives(s) {
		part, fits := c.value(v, alternative, depth+1)
		switch {
		case fits && ok:
			kept = maskAlike(v, kept, part)
		case fits:
			kept, ok = part, true
		}
	}
	return kept, ok
}

// own is what the schema keeps of a value without its alternatives.
func (c *cutter) own(v any, s map[string]any, depth int) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return c.object(v, s, depth), admits(s, "object")
	case []any:
		if items, ok := s["items"].(map[string]any); ok && admits(s, "array") {
			return c.list(v, items, depth), true
		}
		if c.letsThrough(s) && admits(s, "array") {
			return cond.WithoutSecrets(v, nil, nil)
		}
	default:
		return maskAs(s["x-mask"], v), admits(s, jsonKind(v))
	}
	return nil, false
}

// maskAlike joins what two schemas keep of one value: all members, and of what one of them
// masks the masked.
func maskAlike(raw, a, b any) any {
	switch raw := raw.(type) {
	case map[string]any:
		first, _ := a.(map[string]any)
		second, _ := b.(map[string]any)
		for name, v := range second {
			if has, ok := first[name]; ok {
				v = maskAlike(raw[name], has, v)
			}
			first[name] = v
		}
		return first
	case []any:
		first, _ := a.([]any)
		second, _ := b.([]any)
		if len(first) == len(raw) && len(second) == len(raw) {
			for i := range first {
				first[i] = maskAlike(raw[i], first[i], second[i])
			}
		}
		return first
	}
	if a == raw {
		return b
	}
	return a
}

// object keeps the members that the schema declares.
func (c *cutter) object(m map[string]any, s map[string]any, depth int) map[string]any {
	out := map[string]any{}
	if !admits(s, "object") {
		return out
	}
	properties, _ := s["properties"].(map[string]any)
	more, _ := s["additionalProperties"].(map[string]any)
	for name, v := range m {
		schema, declared := properties[name].(map[string]any)
		switch {
		case declared:
			c.keep(out, name, v, schema, depth)
		case more != nil:
			c.keep(out, name, v, more, depth)
		case c.letsThrough(s):
			cut, _ := cond.WithoutSecrets(map[string]any{name: v}, nil, nil)
			if kept, left := cut.(map[string]any)[name]; left {
				out[name] = kept
			}
		}
	}
	return out
}

func (c *cutter) keep(out map[string]any, name string, v any, schema map[string]any, depth int) {
	if kept, ok := c.value(v, schema, depth+1); ok {
		out[name] = kept
	}
}

func (c *cutter) list(list []any, items map[string]any, depth int) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		if kept, ok := c.value(v, items, depth+1); ok {
			out = append(out, kept)
		}
	}
	return out
}

// letsThrough reports whether a schema says that members it does not name may pass.
func letsThrough(s map[string]any) bool { return s["additionalProperties"] == true }

// alternatives are the schemas that a value may follow besides s itself.
func alternatives(s map[string]any) []map[string]any {
	var list []map[string]any
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		parts, _ := s[word].([]any)
		for _, part := range parts {
			if m, ok := part.(map[string]any); ok {
				list = append(list, m)
			}
		}
	}
	return list
}

// admits reports whether a schema says of a kind of value that it takes it.
func admits(s map[string]any, kind string) bool {
	switch t := s["type"].(type) {
	case string:
		return t == kind || t == "number" && kind == "integer"
	case []any:
		for _, name := range t {
			if name == kind || name == "number" && kind == "integer" {
				return true
			}
		}
		return false
	}
	switch kind {
	case "object":
		return s["properties"] != nil || s["additionalProperties"] != nil
	case "array":
		return s["items"] != nil || letsThrough(s)
	}
	return s["enum"] != nil || s["const"] != nil || letsThrough(s)
}

// jsonKind is what JSON Schema calls the kind of a scalar.
func jsonKind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
	case int, int64:
		return "integer"
	}
	return "number"
}

// The values of x-mask.
const (
	maskEmail = "email"
	maskPhone = "phone"
)

// maskAs hides a text or number as `x-mask` says. What is masked already stays as it is.
func maskAs(as, v any) any {
	if as == nil {
		return v
	}
	var text string
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		text = v
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		text = fmt.Sprint(v)
	}
	switch as {
	case maskEmail:
		return maskedEmail(text)
	case maskPhone:
		return maskedPhone(text)
	}
	return ""
}

// maskedEmail keeps the first character and the domain: "j****@example.com".
func maskedEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "****"
	}
	for _, first := range s[:at] {
		return string(first) + "****" + s[at:]
	}
	return "****" + s[at:]
}

// maskedPhone keeps the last two digits: "*******44".
func maskedPhone(s string) string {
	const hidden, kept = "*******", 2
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
	shown := []rune(digits)
	if n := len(shown); n > kept {
		return hidden + string(shown[n-kept:])
	}
	if strings.HasPrefix(s, hidden) {
		return hidden + digits
	}
	return hidden
}
