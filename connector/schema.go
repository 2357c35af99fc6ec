package connector

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Limits of a schema document, against schemas built to exhaust the validator
// (security A-67). They hold for capabilities' own schemas and for forms in flows.
const (
	maxSchemaBytes    = 256 << 10
	maxSchemaDepth    = 24
	maxSchemaBranches = 64 // members of anyOf, oneOf, allOf in the whole document
)

// Schema is the spec of a capability, read from its schema document.
type Schema struct {
	Title         string
	Description   string
	Effect        Effect
	Errors        []string // codes that Run may fail with besides the engine's own
	Authenticates bool
	Proves        ProofRule
	Cancels       *Cancels // set if running it takes back what another capability began
	Input         *Part
	Output        *Part
}

// Cancels says which resource a capability cancels (`x-cancels`). An execution that
// does not complete runs it for every resource of that name which it leaves open.
type Cancels struct {
	Resource string   `json:"resource"` // an `x-resource` name
	Input    string   `json:"input"`    // the input that takes the resource's id
	Final    []string `json:"final"`    // statuses in which there is nothing to cancel
}

// Resource returns the name of the resource that the output holds and the member that
// holds it: the output property marked `x-resource`. Both are "" if there is none.
func (s *Schema) Resource() (name, member string) {
	properties, _ := s.Output.Doc["properties"].(map[string]any)
	for _, m := range slices.Sorted(maps.Keys(properties)) {
		p, _ := properties[m].(map[string]any)
		if name, ok := p["x-resource"].(string); ok {
			return name, m
		}
	}
	return "", ""
}

// DeviceSession returns the output property marked `x-device-session`: a new remember-me
// value for the client, which the engine takes out of the output and gives to the client
// alone. It is "" if there is none.
func (s *Schema) DeviceSession() string {
	properties, _ := s.Output.Doc["properties"].(map[string]any)
	for _, m := range slices.Sorted(maps.Keys(properties)) {
		if s.Output.property(m)["x-device-session"] == true {
			return m
		}
	}
	return ""
}

// Part is one JSON Schema (2020-12), compiled.
type Part struct {
	Doc map[string]any // the document as decoded JSON; read only

	compiled *jsonschema.Schema
}

// property is the schema of a property; nil for none.
func (p *Part) property(name string) map[string]any {
	properties, _ := p.Doc["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	return property
}

// Violation is one way in which a value breaks a schema.
type Violation struct {
	Pointer string // JSON pointer into the value; "" is the value itself
	Keyword string // "required", "maxLength", …
	Text    string // English; never repeats the value
}

type schemaDocument struct {
	Title         string    `json:"title"`
	Description   string    `json:"description"`
	Effect        Effect    `json:"x-effect"`
	Errors        []string  `json:"x-errors"`
	Authenticates bool      `json:"x-authenticates"`
	Proves        ProofRule `json:"x-proves"`
	Cancels       *Cancels  `json:"x-cancels"`
	Properties    struct {
		Input  json.RawMessage `json:"input"`
		Output json.RawMessage `json:"output"`
	} `json:"properties"`
}

// ParseSchema reads a capability's schema document: an object schema whose properties
// `input` and `output` are the two schemas, beside title, description, `x-effect`
// (required), `x-errors` and `x-authenticates`. A member marked `x-device-session` must be
// secret. No $ref outside the document is
// followed (security A-66).
func ParseSchema(doc []byte) (*Schema, error) {
	var d schemaDocument
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("schema document: %w", err)
	}
	s := &Schema{
		Title: d.Title, Description: d.Description, Effect: d.Effect,
		Errors: d.Errors, Authenticates: d.Authenticates, Proves: d.Proves, Cancels: d.Cancels,
	}
	switch d.Effect {
	case Read, Idempotent, Probe, Once:
	default:
		return nil, fmt.Errorf("schema document: x-effect is %q, want read, idempotent, probe or once", d.Effect)
	}
	var err error
	if s.Input, err = CompilePart(d.Properties.Input); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if s.Output, err = CompilePart(d.Properties.Output); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	if m := s.DeviceSession(); m != "" && s.Output.property(m)["secret"] != true {
		return nil, fmt.Errorf("output: %s is marked x-device-session but not secret", m)
	}
	return s, s.checkUser()
}

// CompilePart compiles one JSON Schema of draft 2020-12 with formats asserted. It
// refuses documents over the limits above and any reference that leaves the document.
func CompilePart(doc []byte) (*Part, error) {
	if len(doc) > maxSchemaBytes {
		return nil, fmt.Errorf("schema is %d bytes, at most %d are allowed", len(doc), maxSchemaBytes)
	}
	var m map[string]any
	if err := json.Unmarshal(doc, &m); err != nil {
		return nil, fmt.Errorf("schema is not a JSON object: %w", err)
	}
	branches := 0
	if err := measure(m, 1, &branches); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("reference to %q leaves the document", url)
	}
	const name = "mem://schema.json"
	if err := c.AddResource(name, bytes.NewReader(doc)); err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	return &Part{Doc: m, compiled: compiled}, nil
}

// measure walks a schema document and refuses what could make validation explode.
func measure(v any, depth int, branches *int) error {
	if depth > maxSchemaDepth {
		return fmt.Errorf("schema is nested deeper than %d", maxSchemaDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			if list, ok := child.([]any); ok && (k == "anyOf" || k == "oneOf" || k == "allOf") {
				if *branches += len(list); *branches > maxSchemaBranches {
					return fmt.Errorf("schema has more than %d branches of anyOf, oneOf and allOf", maxSchemaBranches)
				}
			}
			if err := measure(child, depth+1, branches); err != nil {
				return err
			}
		}
	case []any:
		for _, child := range v {
			if err := measure(child, depth+1, branches); err != nil {
				return err
			}
		}
	}
	return nil
}

// Validate returns every violation of v, sorted by pointer, or nil. v holds
// encoding/json's types with numbers as float64 or int.
func (p *Part) Validate(v any) []Violation {
	err := p.compiled.Validate(v)
	if err == nil {
		return nil
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return []Violation{{Text: "the value is not JSON"}}
	}
	bad := leaves(invalid, nil)
	slices.SortFunc(bad, func(a, b Violation) int { // the validator walks maps in any order
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Text, b.Text))
	})
	return bad
}

// violationText keeps the validator's message without what it says of the value, which
// may be a password or a PIN.
func violationText(keyword, message string) string {
	switch keyword {
	case "format":
		return "is not in the required format"
	case "multipleOf":
		return "is not a multiple of the required number"
	}
	message, _, _ = strings.Cut(message, " but found ")
	return message
}

func leaves(e *jsonschema.ValidationError, out []Violation) []Violation {
	if len(e.Causes) == 0 {
		keyword := e.KeywordLocation[strings.LastIndexByte(e.KeywordLocation, '/')+1:]
		return append(out, Violation{Pointer: e.InstanceLocation, Keyword: keyword, Text: violationText(keyword, e.Message)})
	}
	for _, c := range e.Causes {
		out = leaves(c, out)
	}
	return out
}
