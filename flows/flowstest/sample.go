package flowstest

import (
	"maps"
	"slices"
	"strings"
)

const maxSampleDepth = 8

// Sample makes a value of a JSON Schema, decoded: all that is required, and some of the
// rest. Patterns are met only where digits or letters do.
func Sample(c *Choices, schema map[string]any) any { return sample(c, schema, 0) }

func sample(c *Choices, schema map[string]any, depth int) any {
	if enum, ok := schema["enum"].([]any); ok && len(enum) > 0 {
		return enum[c.PickNumber(len(enum))]
	}
	if value, ok := schema["const"]; ok {
		return value
	}
	switch kind := typeOf(c, schema); {
	case kind == "string":
		return sampleText(c, schema)
	case kind == "integer", kind == "number":
		return sampleNumber(c, schema)
	case kind == "boolean":
		return c.Chance(2)
	case kind == "array" && depth < maxSampleDepth:
		return sampleList(c, schema, depth)
	case kind == "array":
		return []any{}
	case kind == "object":
		return sampleObject(c, schema, depth)
	}
	return nil
}

func typeOf(c *Choices, schema map[string]any) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		name, _ := t[c.PickNumber(len(t))].(string)
		return name
	}
	return "object"
}

func sampleText(c *Choices, schema map[string]any) string {
	if known, ok := schema["x-enum"].([]any); ok && len(known) > 0 && !c.Chance(5) {
		if text, ok := known[c.PickNumber(len(known))].(string); ok {
			return text
		}
	}
	least, _ := schema["minLength"].(float64)
	if pattern, _ := schema["pattern"].(string); strings.Contains(pattern, "0-9") {
		return "123456"
	}
	return strings.Repeat("a", int(least)) + pick(c, "", "a", "b@example.com", "ACTIVE", "+15550100")
}

func sampleNumber(c *Choices, schema map[string]any) any {
	least, _ := schema["minimum"].(float64)
	if most, ok := schema["maximum"].(float64); ok && most < least+4 {
		return least
	}
	return least + float64(c.PickNumber(4))
}

func sampleList(c *Choices, schema map[string]any, depth int) any {
	items, _ := schema["items"].(map[string]any)
	list := []any{}
	least, _ := schema["minItems"].(float64)
	for range int(least) + c.PickNumber(3) {
		list = append(list, sample(c, items, depth+1))
	}
	return list
}

func sampleObject(c *Choices, schema map[string]any, depth int) any {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		member, _ := properties[name].(map[string]any)
		if slices.Contains(required, any(name)) || depth < maxSampleDepth && c.Chance(2) {
			object[name] = sample(c, member, depth+1)
		}
	}
	return object
}
