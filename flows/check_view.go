package flows

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// views holds the flow's own screens against the rule that what a screen takes is
// declared down to the leaves.
func (c *checker) views() {
	for _, id := range slices.Sorted(maps.Keys(c.f.Screens)) {
		for _, p := range findUndeclared(c.f.Screens[id]) {
			c.add(Pos{Line: p.Line, Column: p.Column}, "", p.Rule, fmt.Sprintf("the screen `%s`: %s", id, p.Text), p.Hint)
		}
	}
}

// findUndeclared finds what a screen takes without saying what is in it.
func findUndeclared(s *Screen) []Problem {
	var found []Problem
	for _, in := range s.With {
		if in.Schema == nil {
			continue
		}
		d := declarations{root: in.Schema.Doc, seen: map[string]bool{}}
		d.read(in.Name, in.Schema.Doc, 0)
		for _, path := range d.open {
			found = append(found, Problem{Line: in.Line, Column: in.Column, Rule: ruleScreenUndeclared, Text: fmt.Sprintf("nothing is said of what is in `%s`, so nothing of it is shown", path),
				Hint: "name each member under `properties:` (of a list: under `items:`), or say `additionalProperties: true`"})
		}
		for _, path := range d.masks {
			found = append(found, Problem{Line: in.Line, Column: in.Column, Rule: ruleUnknownMask, Text: fmt.Sprintf("`x-mask` of `%s` hides no such value", path),
				Hint: "write `x-mask: email` or `x-mask: phone` beside `type: string`"})
		}
	}
	return found
}

// declarations walks the schema of what a screen takes.
type declarations struct {
	root  map[string]any
	seen  map[string]bool // references that were followed
	open  []string        // paths of which nothing is said
	masks []string        // paths with a mask that there is not
}

func (d *declarations) read(path string, schema map[string]any, depth int) {
	ref, refers := schema["$ref"].(string)
	if refers && d.seen[ref] {
		return
	}
	d.seen[ref] = true
	s := cond.Resolve(d.root, schema)
	if depth > maxViewDepth || letsThrough(s) {
		return // a schema that refers to itself is declared; what is too deep is cut
	}
	if as, ok := s["x-mask"]; ok && (as != maskEmail && as != maskPhone || !admits(s, "string")) {
		d.masks = append(d.masks, path)
	}
	before := len(d.open)
	parts := alternatives(s)
	for _, part := range parts {
		d.read(path, part, depth+1)
	}
	if s["type"] == nil && len(parts) > 0 && len(d.open) == before {
		return
	}
	typeless := s["type"] == nil && s["enum"] == nil && s["const"] == nil
	if typeless || admits(s, "object") || admits(s, "array") {
		d.members(path, s, typeless && len(parts) == 0, depth)
	}
}

// members reads what is in an object or a list.
func (d *declarations) members(path string, s map[string]any, unknown bool, depth int) {
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if schema, ok := properties[name].(map[string]any); ok {
			d.read(path+"."+name, schema, depth+1)
		} else {
			d.open = append(d.open, path+"."+name)
		}
	}
	more, _ := s["additionalProperties"].(map[string]any)
	items, _ := s["items"].(map[string]any)
	switch {
	case admits(s, "object") && len(properties) == 0 && more == nil, admits(s, "array") && items == nil,
		unknown && len(properties) == 0 && more == nil && items == nil:
		d.open = append(d.open, path)
	}
	if more != nil {
		d.read(path+".*", more, depth+1)
	}
	if items != nil {
		d.read(path+"[]", items, depth+1)
	}
}

// viewType is the type of all that a screen takes.
func (c *checker) viewType(s *Screen) *cond.Type {
	t := objectType(make(map[string]cond.Field, len(s.With)))
	for _, in := range s.With {
		t.Fields[in.Name] = optional(c.partType(in.Schema), "every member is optional")
	}
	return t
}
