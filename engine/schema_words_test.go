package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
)

// schemaWords are schemas with a secret behind each word of JSON Schema that takes one,
// and data that has it there.
var schemaWords = map[string][2]string{
	"object or text":        {`{ type: [object, string], properties: { z: SECRET } }`, `{"z": "WORD"}`},
	"object or list":        {`{ type: [object, array], items: SECRET }`, `["WORD"]`},
	"beside named members":  {`{ type: object, properties: { a: { type: string } }, additionalProperties: SECRET }`, `{"z": "WORD"}`},
	"pattern":               {`{ type: object, properties: { a: { type: string } }, patternProperties: { "^z": SECRET } }`, `{"z": "WORD"}`},
	"prefix":                {`{ type: array, prefixItems: [SECRET] }`, `["WORD"]`},
	"contains":              {`{ type: array, contains: SECRET }`, `["WORD"]`},
	"not":                   {`{ type: object, not: { required: [q], properties: { z: SECRET } } }`, `{"z": "WORD"}`},
	"if":                    {`{ type: object, if: { properties: { z: SECRET } }, then: { required: [z] } }`, `{"z": "WORD"}`},
	"then in allOf":         {`{ type: object, allOf: [{ if: { required: [z] }, then: { properties: { z: SECRET } } }] }`, `{"z": "WORD"}`},
	"else":                  {`{ type: object, if: { required: [q] }, else: { properties: { z: SECRET } } }`, `{"z": "WORD"}`},
	"unnamed in allOf":      {`{ type: object, properties: { y: { type: string } }, allOf: [{ additionalProperties: SECRET }] }`, `{"z": "WORD"}`},
	"named by the other":    {`{ type: object, properties: { y: { type: string } }, allOf: [{ type: object, additionalProperties: SECRET }] }`, `{"y": "WORD"}`},
	"only unnamed in allOf": {`{ type: object, allOf: [{ type: object, additionalProperties: SECRET }] }`, `{"z": "WORD"}`},
	"unnamed in anyOf":      {`{ type: object, anyOf: [{ $ref: "#/$defs/s" }], $defs: { s: { additionalProperties: SECRET } } }`, `{"z": "WORD"}`},
	"one of two":            {`{ type: object, properties: { y: { anyOf: [{ type: object, properties: { z: { type: string } } }, { type: object, additionalProperties: SECRET }] } } }`, `{"y": {"z": "WORD"}}`},
	"items in anyOf":        {`{ type: array, anyOf: [{ items: SECRET }] }`, `["WORD"]`},
	"beside a reference":    {`{ type: object, $ref: "#/$defs/s", properties: { z: SECRET }, $defs: { s: { type: object } } }`, `{"z": "WORD"}`},
	"beside one, deeper":    {`{ type: object, properties: { y: { $ref: "#/$defs/s", properties: { z: SECRET } } }, $defs: { s: { type: object } } }`, `{"y": {"z": "WORD"}}`},
	"deeper than is read":   {`{ type: object, properties: { n: { $ref: "#" }, z: SECRET } }`, nested(30)},
	"several kinds, deeper": {`{ type: object, properties: { y: { type: [string, array, object], properties: { z: SECRET } } } }`, `{"y": {"z": "WORD"}}`},
	"only written":          {`{ type: object, properties: { z: { type: string, writeOnly: true } } }`, `{"z": "WORD"}`},
	"names of any form":     {`{ type: object }`, `{"userPassword": "WORD", "totp_secret": "WORD", "list": [{"apiKey": "WORD"}]}`},
	"two that meet":         {`{ type: object, properties: { a: { type: object, additionalProperties: SECRET }, b: { type: object, properties: { z: { type: string } } } } }`, `{"a": {"z": "WORD"}, "b": {"z": "x"}}`},
}

func nested(depth int) string {
	return strings.Repeat(`{"n": `, depth) + `{"z": "WORD"}` + strings.Repeat("}", depth)
}

const wordsFlow = `schema: flow/v1
id: words
title: Words
start: keep
inputs: { bag: %s, pick: { type: boolean, default: true } }
screens:
  say: { title: Say, with: { any: { type: object, additionalProperties: true } }, actions: { submit: { title: Go } } }
nodes:
  keep: { set: { v: "={k: inputs.bag}", w: %s }, next: say }
  say: { show: say, with: { any: "={k: vars.v, w: vars.w}" }, next: done }
  done: { end: done, outputs: { o: =inputs.bag, v: =vars.v, w: =vars.w } }
`

// TestSecretStaysWhateverWordOfASchemaMarksIt: a flow is refused for it, or gives it to
// nobody: no screen, output or trace.
func TestSecretStaysWhateverWordOfASchemaMarksIt(t *testing.T) {
	t.Parallel()
	w, log := newSecretsWorld(t)
	for name, tt := range schemaWords {
		schema := strings.ReplaceAll(tt[0], "SECRET", "{ type: string, secret: true }")
		either := "=inputs.bag"
		if name == "two that meet" {
			either = `"=inputs.pick ? inputs.bag?.a : inputs.bag?.b"`
		}
		_, err := w.run.Catalog().Put(t.Context(), "", []byte(fmt.Sprintf(wordsFlow, schema, either)), true)
		if err != nil && strings.Contains(explain(err), "secret-") {
			continue
		}
		if err != nil {
			t.Errorf("%s: %s", name, explain(err))
			continue
		}
		var data any
		if err := json.Unmarshal([]byte(strings.ReplaceAll(tt[1], "WORD", secretWord)), &data); err != nil {
			t.Fatal(err)
		}
		c := w.start("words", map[string]any{"bag": data})
		first := c.e
		if said := leak(t, w, log, []*engine.Execution{first, c.act("submit", map[string]any{})}); said != "" {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// TestErrorOfAnEndNamesNobodyInTheTrace: not now, and not where a caller carries it on.
func TestErrorOfAnEndNamesNobodyInTheTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(`schema: flow/v1
id: names
title: Names
start: failed
inputs: { loginName: { type: string }, fullName: { type: string } }
nodes:
  failed: { end: failed, error: { code: BAD, message: '="no " + (inputs.loginName ?? "")', details: { d: [=inputs.fullName], m: "={k: inputs.loginName}" }, more: =inputs.loginName } }
`, `schema: flow/v1
id: caller
title: Caller
start: child
inputs: { loginName: { type: string } }
screens: { ask: { title: Ask, actions: { go: { title: Go, form: false } } } }
nodes:
  child: { call: names, with: { loginName: =inputs.loginName, fullName: =inputs.loginName }, next: { failed: ask } }
  ask: { show: ask, next: { go: failed } }
  failed: { end: failed }
`)
	for flow, inputs := range map[string]map[string]any{"names": {"loginName": "Zqzelda", "fullName": "Zqzelda Zq"}, "caller": {"loginName": "Zqzelda"}} {
		c := w.start(flow, inputs)
		if flow == "caller" {
			c.act("go", nil)
		}
		if e := c.e.Error; e == nil || e.Message != "no Zqzelda" || e.Hidden != nil {
			t.Errorf("%s: the error is %s, want the name in it", flow, dump(c.e))
		}
		trace, err := w.run.Trace(t.Context(), c.id)
		if err != nil {
			t.Fatal(err)
		}
		if said := dump(trace); strings.Contains(said, "Zqzelda") || !strings.Contains(said, "BAD") {
			t.Errorf("%s: the trace is %s, want the code and no name", flow, said)
		}
	}
}
