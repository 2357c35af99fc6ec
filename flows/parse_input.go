package flows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// maxPattern bounds a regular expression in a schema (security A-68).
const maxPattern = 1024

// inputUse says which of the extra keys beside the JSON Schema a declaration may have.
type inputUse uint8

const (
	inputKeys  inputUse = iota // default, required, client, secret
	outputKeys                 // secret
	viewKeys                   // secret: what a screen may be given
)

// inputs reads declarations: names with a JSON Schema fragment and, beside its
// keywords, `default`, `required`, `client` and `secret`.
func (p *parser) inputs(n *yamldoc.Node, use inputUse) []Input {
	if !p.is(n, yamldoc.Map, "a map of names to schemas") {
		return nil
	}
	var list []Input
	for _, pair := range n.Pairs {
		if !pair.Key.IsText() || !namePattern.MatchString(pair.Key.Text) {
			p.problem(pair.Key, ruleVariable, fmt.Sprintf("`%s` is no name", pair.Key.Text), "use letters, digits and `_`: expressions read `-` as minus")
			continue
		}
		if in, ok := p.input(pair, use); ok {
			list = append(list, in)
		}
	}
	return list
}

func (p *parser) input(pair yamldoc.Pair, use inputUse) (Input, bool) {
	in := Input{Pos: place(pair.Key), Name: pair.Key.Text}
	n := pair.Value
	if n.IsText() && slices.Contains(schemaTypes(), n.Text) {
		p.problem(n, ruleWrongType, "this should be a schema", "write `{ type: "+n.Text+" }`")
		return in, false
	}
	if !p.is(n, yamldoc.Map, "a schema such as `{ type: string }`") {
		return in, false
	}
	schema := map[string]any{}
	for _, kv := range n.Pairs {
		if !p.inputFlag(&in, kv, use) {
			p.schemaKeyword(kv.Key)
			schema[kv.Key.Text] = kv.Value.JSON()
		}
	}
	if _, ok := schema["type"]; !ok {
		p.problem(n, ruleMissingKey, fmt.Sprintf("`%s` needs a `type`", in.Name), "one of "+strings.Join(schemaTypes(), ", "))
		return in, false
	}
	if in.Secret {
		schema["secret"] = true
	}
	if in.Schema = p.part(n, schema); in.Schema == nil {
		return in, false
	}
	in.Secret = partType(in.Schema).Secret
	if in.HasDefault {
		p.valid(n.Get("default"), in.Schema, in.Default, ruleDefault)
	}
	return in, true
}

// inputFlag reads the keys beside the schema.
func (p *parser) inputFlag(in *Input, kv yamldoc.Pair, use inputUse) bool {
	switch key := kv.Key.Text; {
	case key == "secret":
		in.Secret = p.boolean(kv.Value)
	case key == "default" && use == inputKeys:
		in.Default, in.HasDefault = kv.Value.JSON(), true
		if s, ok := in.Default.(string); ok && strings.HasPrefix(s, "=") {
			p.problem(kv.Value, ruleNoExpression, "a default cannot be an expression", "")
		}
	case key == "required" && kv.Value.Kind != yamldoc.List:
		if use != inputKeys {
			p.problem(kv.Key, ruleMisplaced, "`required` has no meaning here", "every member is optional")
			return true
		}
		in.Required = p.boolean(kv.Value)
	case key == "client" && use == inputKeys:
		in.Client = p.boolean(kv.Value)
	default:
		return false
	}
	return true
}

func schemaTypes() []string {
	return []string{"string", "integer", "number", "boolean", "array", "object"}
}

// schemaKeyword reports words that are no keyword of JSON Schema 2020-12. Validators
// ignore those, so a misspelt limit would be no limit.
func (p *parser) schemaKeyword(key *yamldoc.Node) {
	if strings.HasPrefix(key.Text, "x-") || slices.Contains(schemaWords(), key.Text) {
		return
	}
	p.problem(key, ruleUnknownKey, fmt.Sprintf("JSON Schema has no keyword `%s`", key.Text), p.suggest(key.Text, schemaWords()))
}

func schemaWords() []string {
	return strings.Fields(`type enum const title description default examples deprecated readOnly writeOnly format
		minLength maxLength pattern contentEncoding contentMediaType minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
		properties required additionalProperties patternProperties propertyNames minProperties maxProperties dependentRequired
		items prefixItems contains minContains maxContains minItems maxItems uniqueItems
		anyOf oneOf allOf not if then else $ref $defs $comment secret`)
}

// part compiles a schema that stands at n.
func (p *parser) part(n *yamldoc.Node, schema map[string]any) *connector.Part {
	if n.Broken {
		return nil
	}
	doc, err := json.Marshal(schema)
	if err != nil {
		p.problem(n, ruleSchemaInvalid, "the schema is not JSON: "+err.Error(), "")
		return nil
	}
	if long := longPattern(schema); long {
		p.problem(n, ruleSchemaInvalid, fmt.Sprintf("a pattern is longer than %d characters", maxPattern), "")
		return nil
	}
	part, err := connector.CompilePart(doc)
	if err != nil {
		p.problem(n, ruleSchemaInvalid, "the schema does not compile: "+schemaError(err), "")
		return nil
	}
	return p.countParts(n, part)
}

// maxSchemaParts bounds what the schemas of a flow have together: proving a flow walks each
// part several times, a hundred thousand of them in about a second.
const maxSchemaParts = 100_000

// countParts refuses a schema that has too many parts, or the first that is one too many.
func (p *parser) countParts(n *yamldoc.Node, part *connector.Part) *connector.Part {
	switch {
	case p.stored:
		return part // it was accepted
	case p.parts > maxSchemaParts:
		return nil // said before
	}
	count := cond.CountParts(part.Doc)
	if p.parts += count; count < cond.MaxParts && p.parts <= maxSchemaParts {
		return part
	}
	p.problem(n, ruleTooComplex, "the schema has too many parts, each `$ref` counted with what it refers to", "refer to a part from fewer places")
	return nil
}

// schemaError keeps the cause and leaves out the name of the document, which is ours.
func schemaError(err error) string {
	text := strings.TrimPrefix(err.Error(), "compile schema: ")
	text = strings.ReplaceAll(text, "jsonschema: ", "")
	text = strings.ReplaceAll(text, "mem://schema.json", "")
	return strings.Join(strings.Fields(text), " ")
}

func longPattern(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v["pattern"].(string); ok && len(s) > maxPattern {
			return true
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if longPattern(v[k]) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, longPattern)
	}
	return false
}

// valid reports every way in which a constant at n breaks a schema.
func (p *parser) valid(n *yamldoc.Node, schema *connector.Part, value any, rule string) {
	if n.Broken {
		return
	}
	for _, bad := range schema.Validate(value) {
		at := within(n, bad.Pointer)
		p.problem(at, rule, "the schema refuses this: "+bad.Text, "")
	}
}

// within follows a JSON pointer from n as far as it leads.
func within(n *yamldoc.Node, pointer string) *yamldoc.Node {
	for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		var next *yamldoc.Node
		switch n.Kind {
		case yamldoc.Map:
			next = n.Get(step)
		case yamldoc.List:
			var i int
			if _, err := fmt.Sscanf(step, "%d", &i); err == nil && i >= 0 && i < len(n.Items) {
				next = n.Items[i]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}
