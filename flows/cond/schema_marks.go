package cond

import (
	"slices"
	"strings"
)

// marksOf are what a schema says of the use of its value.
func marksOf(s map[string]any) taint {
	var m taint
	if on(s["secret"]) || on(s["writeOnly"]) {
		m |= secretTaint
	}
	if on(s["x-personal"]) {
		m |= personalTaint
	}
	return m
}

// dataWords hold values, names or texts, and no schema.
var dataWords = []string{"type", "enum", "const", "default", "examples", "required", "dependentRequired", "title", "description", "$comment", "$defs"}

// marksElsewhere keeps the marks that stand in words of a schema which gave its value no
// shape: a member that is secret in one alternative, or under one condition, is secret.
// used is the word whose alternatives gave the shape.
func (r *schemaReader) marksElsewhere(s map[string]any, t *Type, used string, depth int) {
	for word, v := range s {
		switch {
		case word == used, word == "allOf", word == "$ref", slices.Contains(dataWords, word), strings.HasPrefix(word, "x-"),
			t.Kind == Object && (word == "properties" || word == "additionalProperties"), t.Kind == List && word == "items":
		case word == "anyOf", word == "oneOf":
			list, _ := v.([]any)
			for _, alternative := range list {
				t.addMarks(r.read(alternative, depth+1))
			}
		case word == "if", word == "then", word == "else", word == "not":
			t.addMarks(r.read(v, depth+1))
		default:
			*t = *t.withTaint(r.marksIn(v))
		}
	}
}

// marksIn are all marks in a part of the document. A part that refers to another has those
// of the whole document.
func (r *schemaReader) marksIn(part any) taint {
	m, refers := scanMarks(part)
	if refers {
		m |= r.allMarks()
	}
	return m
}

// allMarks are those of the whole document.
func (r *schemaReader) allMarks() taint {
	if r.marks == nil {
		m, _ := scanMarks(r.root)
		r.marks = &m
	}
	return *r.marks
}

// scanMarks finds marks at any depth, and whether something refers to another part.
func scanMarks(v any) (m taint, refers bool) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			inside, also := scanMarks(item)
			m, refers = m|inside, refers || also
		}
	case map[string]any:
		m, refers = marksOf(v), v["$ref"] != nil
		for _, part := range v {
			inside, also := scanMarks(part)
			m, refers = m|inside, refers || also
		}
	}
	return m, refers
}

// addMarks gives t the marks of another schema of the same value.
func (t *Type) addMarks(m *Type) {
	all := m.taintInside()
	switch {
	case all == 0:
		return
	case t.Kind != Object || m.Kind != Object || m.ownTaint()|m.Items.taintInside() != 0:
		*t = *t.withTaint(all)
		return
	}
	for name, f := range m.Fields {
		if inside := f.Type.taintInside(); inside != 0 {
			t.Fields[name] = markedField(t, name, inside)
		}
	}
}

// markedField is a member of t with more marks; one that t does not name may be missing.
func markedField(t *Type, name string, marks taint) Field {
	f, ok := t.Fields[name]
	if !ok {
		return Field{Type: taintedType(marks), Absent: notRequired, Rule: RuleOptionalRead}
	}
	f.Type = known(f.Type).withTaint(marks)
	return f
}
