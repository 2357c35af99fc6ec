package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/mfaflow/mfaflow/flows"
)

// clean makes text safe to print on one line: a flow, a user or a message could hold what
// moves the cursor or forges a prompt.
func clean(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(flows.EscapeControls(s))
}

// words makes a caption of a member's name: attemptsRemaining is "attempts remaining".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '_' || r == '-':
			r = ' '
		case unicode.IsUpper(r) && i > 0:
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return clean(b.String())
}

// describe shows a JSON value on one line. A device is shown as people know it: its
// name, kind and masked address.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		return clean(v)
	case map[string]any:
		if known := person(v); known != "" {
			return known
		}
		return members(v)
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = describe(item)
		}
		return strings.Join(texts, ", ")
	}
	return clean(jsonOf(v))
}

// jsonOf writes a value that came from JSON as JSON, on one line.
func jsonOf(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// person shows an object by the members that mean something to a person, if it has a
// kind or a name.
func person(o map[string]any) string {
	var parts []string
	for _, name := range []string{"nickname", "name", "title", "type", "email", "phone", "model", "username"} {
		if text, ok := o[name].(string); ok && text != "" {
			parts = append(parts, clean(text))
		}
	}
	if m, ok := o["model"].(map[string]any); ok {
		parts = append(parts, members(m))
	}
	return strings.Join(parts, " ")
}

// members shows an object as it is, without links.
func members(o map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if o[name] != nil && !strings.HasPrefix(name, "_") {
			parts = append(parts, words(name)+": "+describe(o[name]))
		}
	}
	return strings.Join(parts, ", ")
}
