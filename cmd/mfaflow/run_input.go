package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
)

// parseInputs reads NAME=VALUE pairs by the types that the flow declares: a string as it
// stands, a number, a boolean, anything else as JSON. Whether the flow takes the values
// is the engine's to say.
func parseInputs(f *flows.Flow, pairs []string) (map[string]any, error) {
	inputs := map[string]any{}
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usagef("--input is %q, want NAME=VALUE%s", pair, inputsText(f))
		}
		i := slices.IndexFunc(f.Inputs, func(in flows.Input) bool { return in.Name == name })
		if i < 0 {
			return nil, usagef("--input: the flow has no input %q%s", name, inputsText(f))
		}
		if _, twice := inputs[name]; twice {
			return nil, usagef("--input: %q is given twice", name)
		}
		kind := typeOf(f.Inputs[i].Schema.Doc)
		v, err := parseInput(kind, text)
		if err != nil {
			return nil, usagef("--input %s: %q is not %s%s", name, text, cmp.Or(kind, "JSON"), inputsText(f))
		}
		inputs[name] = v
	}
	return inputs, nil
}

func parseInput(kind, text string) (any, error) {
	switch kind {
	case "string":
		return text, nil
	case "boolean":
		return strconv.ParseBool(text)
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return v, nil
}

// inputsText lists a flow's inputs for a usage message.
func inputsText(f *flows.Flow) string {
	if len(f.Inputs) == 0 {
		return "\nthe flow " + f.ID + " takes no inputs"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nthe inputs of %s are", f.ID)
	for _, in := range f.Inputs {
		fmt.Fprintf(&b, "\n  %s: %s", in.Name, cmp.Or(typeOf(in.Schema.Doc), "JSON"))
		if enum, ok := in.Schema.Doc["enum"].([]any); ok {
			fmt.Fprintf(&b, ", %s", oneOf(enum))
		}
		if in.HasDefault {
			fmt.Fprintf(&b, ", default %s", describe(in.Default))
		}
		if in.Required {
			b.WriteString(", required")
		}
		if d := textOf(in.Schema.Doc["description"]); d != "" {
			fmt.Fprintf(&b, ". %s", d)
		}
	}
	return b.String()
}

func oneOf(enum []any) string {
	texts := make([]string, len(enum))
	for i, v := range enum {
		texts[i] = describe(v)
	}
	return "one of " + strings.Join(texts, " | ")
}
