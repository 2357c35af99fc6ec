package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
)

// field is one field of a screen's form, as a person is asked for it.
type field struct {
	name, title string
	kind        string // the schema's type; "" any JSON
	secret      bool   // read without echo
	required    bool
	fallback    any // taken on an empty line; nil: none
	choices     []choice
	list        string // the member of the view data that the choices are from; "" the schema
}

// choice is one of the values that a field can take.
type choice struct {
	value any
	text  string
	from  string // the expression that finds the id of an object in the step
}

// fieldsOf lists the fields of a step's form: the required ones in the order of the
// schema's `required`, then the others by name. typed are values of an earlier try.
func fieldsOf(s *engine.Step, typed map[string]any) []field {
	properties, _ := s.Form["properties"].(map[string]any)
	var order []string
	required, _ := s.Form["required"].([]any)
	for _, r := range required {
		if name, ok := r.(string); ok && properties[name] != nil {
			order = append(order, name)
		}
	}
	needed := len(order)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	list := make([]field, len(order))
	for i, name := range order {
		schema, _ := properties[name].(map[string]any)
		list[i] = fieldOf(name, schema)
		list[i].required = i < needed
		if v, ok := typed[name]; ok {
			list[i].fallback = v
		}
		list[i].choose(s, schema)
	}
	return list
}

func fieldOf(name string, schema map[string]any) field {
	f := field{name: name, title: textOf(schema["title"]), kind: typeOf(schema), fallback: schema["default"]}
	if f.title == "" {
		f.title = words(name)
	}
	f.secret, _ = schema["secret"].(bool)
	return f
}

// typeOf is the type a schema asks for, the first besides null.
func typeOf(schema map[string]any) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if one != "null" {
				return textOf(one)
			}
		}
	}
	return ""
}

// choose finds the values to choose from: the list of the view data that is named as
// the field is (deviceId: devices, method: methods), else the schema's enum.
func (f *field) choose(s *engine.Step, schema map[string]any) {
	member := listFor(f.name)
	offered, _ := s.With[member].([]any)
	for i, v := range offered {
		c := choice{value: v, text: describe(v)}
		if o, ok := v.(map[string]any); ok {
			c.value, c.from = o["id"], fmt.Sprintf("step.with.%s[%d].id", member, i)
		}
		if _, ok := c.value.(string); ok {
			f.choices, f.list = append(f.choices, c), member
		}
	}
	if len(f.choices) > 0 || f.kind == "boolean" {
		return
	}
	enum, _ := schema["enum"].([]any)
	for _, v := range enum {
		f.choices = append(f.choices, choice{value: v, text: describe(v)})
	}
}

func listFor(field string) string { return strings.TrimSuffix(field, "Id") + "s" }

// parse reads a typed line. given is false for an optional field left empty; problem
// says why the line cannot be taken.
func (f *field) parse(text string) (value any, given bool, problem string) {
	if text == "" && f.fallback != nil {
		return f.fallback, true, ""
	}
	if text == "" && !f.required {
		return nil, false, ""
	}
	switch {
	case len(f.choices) > 0:
		return f.pick(strings.TrimSpace(text))
	case f.kind == "string":
		return text, true, ""
	case f.kind == "boolean":
		return parseBoolean(text)
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, false, f.title + ": " + wantedAs(f.kind)
	}
	return v, true, ""
}

func wantedAs(kind string) string {
	switch kind {
	case "integer":
		return "type a whole number"
	case "number":
		return "type a number"
	}
	return "type it as JSON"
}

// pick takes a value that is offered, or its number.
func (f *field) pick(text string) (any, bool, string) {
	for _, c := range f.choices {
		if describe(c.value) == text {
			return c.value, true, ""
		}
	}
	for i, c := range f.choices {
		if fmt.Sprint(i+1) == text {
			return c.value, true, ""
		}
	}
	return nil, false, fmt.Sprintf("%s: type a number from 1 to %d", f.title, len(f.choices))
}

func parseBoolean(text string) (any, bool, string) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "y", "yes", "true":
		return true, true, ""
	case "n", "no", "false":
		return false, true, ""
	}
	return nil, false, "type y or n"
}
