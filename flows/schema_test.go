package flows_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
	"github.com/mfaflow/mfaflow/schemas"
)

func compile(t *testing.T, doc []byte) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	if err := c.AddResource("mem://flow", bytes.NewReader(doc)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem://flow")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func flowSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := flows.Schema(registry(t))
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, doc)
}

func decode(t *testing.T, name string) any {
	t.Helper()
	doc, issues := yamldoc.Read(read(t, name))
	if len(issues) > 0 || doc.Root == nil {
		t.Fatalf("%s: %v", name, issues)
	}
	return doc.Root.JSON()
}

func TestSchemaTakesFlows(t *testing.T) {
	t.Parallel()
	schema, base := flowSchema(t), compile(t, schemas.FlowBase())
	for _, name := range slices.Concat(fixtures(t, "templates/*.yaml"), fixtures(t, "testdata/*.yaml"), fixtures(t, "testdata/right/*.yaml"), fixtures(t, "testdata/broken/flows/*.yaml")) {
		if strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		if err := schema.Validate(decode(t, name)); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
		if err := base.Validate(decode(t, name)); err != nil {
			t.Errorf("%s without capabilities: %#v", name, err)
		}
	}
}

// shapeRules are the rules that an editor can check by the schema alone.
var shapeRules = []string{
	"schema-version", "flow-id", "node-id", "unknown-key", "foreign-key", "parallel-reserved", "missing-key", "misplaced-key", "two-kinds",
	"wrong-type", "duration", "bad-name", "bad-message", "message-is-text", "expression-not-allowed", "next-shape",
	"screen-name", "action-name", "unknown-capability", "unknown-input", "missing-input", "input-refused",
}

func TestSchemaRefusesBrokenShapes(t *testing.T) {
	t.Parallel()
	schema := flowSchema(t)
	seen := map[string]bool{}
	for _, name := range fixtures(t, "testdata/broken/*.yaml") {
		base := strings.TrimSuffix(filepath.Base(name), ".yaml")
		if !slices.Contains(shapeRules, base) && !strings.HasPrefix(base, "foreign-key") {
			continue
		}
		seen[base] = true
		if schema.Validate(decode(t, name)) == nil {
			t.Errorf("the schema takes %s", base)
		}
	}
	if len(seen) < len(shapeRules) {
		t.Errorf("only %d of %d fixtures were tried", len(seen), len(shapeRules))
	}
}

func TestSchemaNamesEveryScreen(t *testing.T) {
	t.Parallel()
	doc := flowJSON(t, schemas.FlowBase())
	show := at(t, doc, "$defs", "node", "properties", "show", "anyOf").([]any)[0]
	var got []string
	for _, v := range at(t, show, "enum").([]any) {
		got = append(got, v.(string))
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(flows.LibraryScreens())), got); diff != "" {
		t.Errorf("screens (-library +schema):\n%s", diff)
	}
}

func TestSchemaCompletesCapabilities(t *testing.T) {
	t.Parallel()
	src, err := flows.Schema(registry(t))
	if err != nil {
		t.Fatal(err)
	}
	doc := flowJSON(t, src)
	var ids []string
	for _, v := range at(t, doc, "$defs", "capability", "oneOf").([]any) {
		ids = append(ids, at(t, v, "const").(string))
	}
	if diff := cmp.Diff(schemas.IDs(), ids); diff != "" {
		t.Errorf("capabilities (-described +completed):\n%s", diff)
	}
	for _, v := range at(t, doc, "$defs", "capabilityCall", "allOf").([]any) {
		if at(t, v, "if", "properties", "uses", "const") == "mfa/device-passcode" {
			otp := at(t, v, "then", "properties", "with", "properties", "otp")
			if got, want := at(t, otp, "description"), "The one-time passcode (OTP) sent to the user."; got != want {
				t.Errorf("description of otp: %q, want %q", got, want)
			}
			return
		}
	}
	t.Error("no inputs for mfa/device-passcode")
}

func flowJSON(t *testing.T, src []byte) any {
	t.Helper()
	var doc any
	if err := json.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func at(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, step := range path {
		m, ok := v.(map[string]any)
		if !ok || m[step] == nil {
			t.Fatalf("no %s in %v", step, path)
		}
		v = m[step]
	}
	return v
}
