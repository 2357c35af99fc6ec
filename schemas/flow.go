package schemas

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed flow.schema.json
var flowBase []byte

// FlowBase returns the JSON Schema (2020-12) of flow files, for editors, without the
// capabilities of any registry. The bytes are the caller's.
func FlowBase() []byte { return slices.Clone(flowBase) }

// FlowCapability is what Flow needs to know of a capability.
type FlowCapability struct {
	ID          string
	Alias       string // accepted in its place; "" if none
	Title       string
	Description string
	Input       map[string]any // the input schema, decoded; only read
}

// Flow returns the JSON Schema of flow files completed by capabilities: `uses` takes
// their ids, and beside `uses: X` the members of `with` are X's inputs.
func Flow(caps []FlowCapability) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(flowBase, &doc); err != nil {
		return nil, fmt.Errorf("flow.schema.json: %w", err)
	}
	defs, _ := doc["$defs"].(map[string]any)
	call, _ := defs["capabilityCall"].(map[string]any)
	if call == nil {
		return nil, fmt.Errorf("flow.schema.json has no capabilityCall")
	}
	var names, cases []any
	for _, c := range caps {
		for _, name := range []string{c.ID, c.Alias} {
			if name == "" {
				continue
			}
			names = append(names, map[string]any{"const": name, "title": c.Title, "description": c.Description})
			cases = append(cases, withFor(name, c))
		}
	}
	if len(names) > 0 {
		defs["capability"] = map[string]any{"description": "The capability to run.", "oneOf": names}
		call["allOf"] = cases
	} else {
		delete(call, "allOf")
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the schema of flows: %w", err)
	}
	return append(out, '\n'), nil
}

// withFor says what `with` holds beside a capability.
func withFor(name string, c FlowCapability) map[string]any {
	with := map[string]any{"type": "object", "description": strings.TrimSpace(c.Title + ". " + c.Description)}
	properties, _ := c.Input["properties"].(map[string]any)
	members := make(map[string]any, len(properties))
	for key, p := range properties {
		schema, _ := p.(map[string]any)
		members[key] = inputValue(schema)
	}
	with["properties"] = members
	if c.Input["additionalProperties"] == false {
		with["additionalProperties"] = false
	}
	then := map[string]any{"properties": map[string]any{"with": with}}
	if required, ok := c.Input["required"].([]any); ok && len(required) > 0 {
		with["required"] = required
		then["required"] = []any{"with"}
	}
	return map[string]any{
		"if":   map[string]any{"properties": map[string]any{"uses": map[string]any{"const": name}}, "required": []any{"uses"}},
		"then": then,
	}
}

// inputValue is an input as it stands in a flow: an expression, or a value that the
// schema of the input takes. Maps and lists may hold expressions inside, so nothing is
// said of their members here.
func inputValue(schema map[string]any) map[string]any {
	value := map[string]any{}
	for _, word := range []string{"type", "enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "default", "examples"} {
		if v, ok := schema[word]; ok {
			value[word] = v
		}
	}
	out := map[string]any{"anyOf": []any{map[string]any{"$ref": "#/$defs/expression"}, value}}
	for _, word := range []string{"title", "description"} {
		if v, ok := schema[word]; ok {
			out[word] = v
		}
	}
	return out
}
