package capabilities

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/schemas"
)

// documented is a capability as the connector's documentation describes it. The file
// lists inputs with type and limits, and the flattened names of the outputs.
type documented struct {
	ID          string           `json:"id"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	DaVinci     string           `json:"davinciCapability"`
	Inputs      []map[string]any `json:"input"`
	Outputs     []string         `json:"outputNames"`
}

// document is the part of a schema document that is compared.
type document struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	DaVinci     string `json:"x-davinci"`
	Properties  struct {
		Input, Output map[string]any
	} `json:"properties"`
}

func TestSchemasKeepWhatIsDocumented(t *testing.T) {
	t.Parallel()
	for _, d := range readDocumented(t) {
		t.Run(d.ID, func(t *testing.T) {
			t.Parallel()
			doc := readSchema(t, d.ID)
			if doc.Title != d.Title || doc.Description != d.Description || doc.DaVinci != d.DaVinci {
				t.Errorf("title, description or x-davinci is not the documented one")
			}
			sameInputs(t, d, doc.Properties.Input)
			hasOutputs(t, d, doc.Properties.Output)
		})
	}
}

// sameInputs demands every documented input with its type and limits, literally; what
// is there besides says in $comment where it comes from.
func sameInputs(t *testing.T, d documented, input map[string]any) {
	t.Helper()
	properties, _ := input["properties"].(map[string]any)
	var names, required []string
	for _, want := range d.Inputs {
		name, _ := want["name"].(string)
		names = append(names, name)
		if want["required"] == true {
			required = append(required, name)
		}
		got, _ := properties[name].(map[string]any)
		if diff := cmp.Diff(limits(want), limits(got)); diff != "" {
			t.Errorf("input %s (-documented +schema)\n%s", name, diff)
		}
		if want["title"] != nil && want["title"] != got["title"] {
			t.Errorf("input %s: title %v, want %v", name, got["title"], want["title"])
		}
	}
	var got []string
	list, _ := input["required"].([]any)
	for _, v := range list {
		got = append(got, v.(string))
	}
	if !slices.Equal(got, required) {
		t.Errorf("required is %v, want %v", got, required)
	}
	if input["additionalProperties"] != false {
		t.Error("unknown inputs are not refused")
	}
	for name, p := range properties {
		o, _ := p.(map[string]any)
		if !slices.Contains(names, name) && o["$comment"] == nil {
			t.Errorf("input %s is not documented and has no $comment", name)
		}
		if o["x-control"] == nil {
			t.Errorf("input %s has no x-control", name)
		}
	}
}

// limits are the keywords that decide what an input accepts.
func limits(o map[string]any) map[string]any {
	l := map[string]any{}
	for _, k := range []string{"minLength", "maxLength", "uniqueItems", "items", "pattern", "enum", "format", "minimum", "maximum"} {
		if v, ok := o[k]; ok {
			l[k] = v
		}
	}
	switch v := o["type"].(type) {
	case string:
		l["type"] = strings.Split(v, "/")
	case []any:
		var names []string
		for _, n := range v {
			names = append(names, n.(string))
		}
		l["type"] = names
	}
	return l
}

// hasOutputs demands every documented output name as often as it is documented, with
// its type; what is there besides has a $comment on it or above.
func hasOutputs(t *testing.T, d documented, output map[string]any) {
	t.Helper()
	have := map[string]int{}
	var known []string
	for _, entry := range outputEntries(d.Outputs) {
		name, _, _ := strings.Cut(entry, " ")
		known = append(known, name)
	}
	walk(output, "", false, func(path, name string, o map[string]any, excused bool) {
		for _, kind := range kinds(o["type"]) {
			have[name+" "+kind]++
		}
		if !slices.Contains(known, name) && !excused {
			t.Errorf("output %s is not documented and has no $comment", path)
		}
	})
	for _, entry := range outputEntries(d.Outputs) {
		if have[entry]--; have[entry] < 0 {
			t.Errorf("the documented output %q is missing", entry)
		}
	}
}

// outputEntries drops the markers that flattening left between the names.
func outputEntries(flat []string) []string {
	var entries []string
	for i, s := range flat {
		name, kind, _ := strings.Cut(s, " ")
		afterItems := i > 0 && strings.HasPrefix(flat[i-1], "items ")
		switch {
		case name == "output", name == "properties", name == "items", kind == "":
		case name == "type" && (kind == "object" || afterItems):
		default:
			entries = append(entries, s)
		}
	}
	return entries
}

func walk(o map[string]any, path string, excused bool, visit func(path, name string, o map[string]any, excused bool)) {
	properties, _ := o["properties"].(map[string]any)
	for name, p := range properties {
		child, _ := p.(map[string]any)
		under := excused || child["$comment"] != nil
		visit(path+"/"+name, name, child, under)
		walk(child, path+"/"+name, under, visit)
	}
	if items, ok := o["items"].(map[string]any); ok {
		walk(items, path+"[]", excused, visit)
	}
}

func kinds(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, k := range v {
			out = append(out, k.(string))
		}
		return out
	}
	return nil
}

// Every output is framed alike, and resources promise the members that are always sent.
func TestOutputsAreFramedAlike(t *testing.T) {
	t.Parallel()
	for _, id := range schemas.IDs() {
		output := readSchema(t, id).Properties.Output
		properties, _ := output["properties"].(map[string]any)
		required, _ := output["required"].([]any)
		for _, name := range []string{"rawResponse", "headers", "statusCode"} {
			if properties[name] == nil {
				t.Errorf("%s: output lacks %s", id, name)
			}
		}
		if len(required) != len(properties) {
			t.Errorf("%s: required is %v, but every member is always sent", id, required)
		}
		walk(output, "", false, func(path, _ string, o map[string]any, _ bool) {
			if o["additionalProperties"] == false || o["enum"] != nil {
				t.Errorf("%s: %s would refuse what a newer tenant sends", id, path)
			}
			if o["x-resource"] != nil && !reflect.DeepEqual(o["required"].([]any)[0], "id") {
				t.Errorf("%s: the resource %s does not promise its id", id, path)
			}
		})
	}
}

func readDocumented(t *testing.T) []documented {
	t.Helper()
	data, err := os.ReadFile("testdata/capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []documented
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 26 {
		t.Fatalf("%d capabilities are documented, want 26", len(list))
	}
	return list
}

func readSchema(t *testing.T, id string) document {
	t.Helper()
	data, ok := schemas.Capability(id)
	if !ok {
		t.Fatalf("%s has no schema", id)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}
