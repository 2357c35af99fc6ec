package cond

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func itoa(n int) string { return strconv.Itoa(n) }

// compileTests is what compiles without an issue, with the type of the result and
// what it reads.
var compileTests = []struct {
	src   string
	typ   string // kind, with ? if it may be nil and ! if it is secret
	reads string
}{
	{`vars.auth.status == "COMPLETED"`, "a boolean", "vars.auth.status"},
	{`len(out.devices) > 0`, "a boolean", "out.devices"},
	{`vars.auth?.error ?? "NO_USABLE_DEVICES"`, "any value!", "vars.auth.error"},
	{`vars.auth.error?.code ?? "NO_USABLE_DEVICES"`, "a string", "vars.auth.error.code"},
	{`find(vars.auth._embedded?.devices ?? [], .id == vars.auth.selectedDevice?.id)`, "an object?", "vars.auth._embedded.devices vars.auth.selectedDevice.id"},
	{`find(vars.auth._embedded?.devices ?? [], .id == vars.auth.selectedDevice?.id)?.nickname`, "a string?", "vars.auth._embedded.devices vars.auth.selectedDevice.id"},
	{`inputs.policyId`, "a string?", "inputs.policyId"},
	{`inputs.policyId == "x"`, "a boolean", "inputs.policyId"},
	{`inputs.policyId in ["x", "y"]`, "a boolean", "inputs.policyId"},
	{`has(vars.auth.error.code) and vars.auth.error.code == "X"`, "a boolean", "vars.auth.error.code"},
	{`has(vars.auth.error.code) and vars.auth.error.code startsWith "X"`, "a boolean", "vars.auth.error.code"},
	{`vars.auth.error != nil && vars.auth.error.code != "X"`, "a boolean", "vars.auth.error vars.auth.error.code"},
	{`vars.auth.error?.code != nil and len(vars.auth.error.code) > 1`, "a boolean", "vars.auth.error.code"},
	{`error == nil or error.code == "X"`, "a boolean", "error error.code"},
	{`not has(error) or error.code == "X"`, "a boolean", "error error.code"},
	{`has(error) ? error.code : "none"`, "a string", "error error.code"},
	{`inputs.policyId == "a" and len(inputs.policyId) == 1`, "a boolean", "inputs.policyId"},
	{`inputs.policyId in ["a"] and len(inputs.policyId) == 1`, "a boolean", "inputs.policyId"},
	{`inputs.policyId != "a" or len(inputs.policyId) == 1`, "a boolean", "inputs.policyId"},
	{`nodes.check?.user.id`, "a string?", "nodes.check.user.id"},
	{`not (inputs.policyId == nil or error == nil) and len(inputs.policyId) > len(error.code)`, "a boolean", "inputs.policyId error error.code"},
	{`any(out.devices, has(.lock) and .lock.status == "LOCKED")`, "a boolean", "out.devices"},
	{`any(out.groups ?? [], any(.members, .id == inputs.userId))`, "a boolean", "out.groups inputs.userId"},
	{`out.headers["etag"]`, "any value", "out.headers.etag"},
	{`out.headers.etag == "x"`, "a boolean", "out.headers.etag"},
	{`out.anything.deep[0].x`, "any value", "out.anything.deep"},
	{`out.devices[0].id`, "a string", "out.devices"},
	{`out.labels.a`, "a string?", "out.labels.a"},
	{`first(out.devices)?.id`, "a string?", "out.devices"},
	{`{id: inputs.userId, policy: inputs.policyId}`, "an object", "inputs.userId inputs.policyId"},
	{`[1, 2.5, inputs.max]`, "a list", "inputs.max"},
	{`vars.b ? "EMAIL" : "SMS"`, "a string", "vars.b"},
	{`now() > "2026"`, "a boolean", ""},
	{`nodes.sign_on.form.password`, "a string!", "nodes.sign_on.form.password"},
	{`len(nodes.sign_on.form.password) > 8`, "a boolean!", "nodes.sign_on.form.password"},
	{`nodes.sign_on.form.password == "x" ? 1 : 2`, "a number!", "nodes.sign_on.form.password"},
	{`"x" + nodes.sign_on.form.password`, "a string!", "nodes.sign_on.form.password"},
	{`out.headers[nodes.sign_on.form.password]`, "any value?!", "nodes.sign_on.form.password out.headers"},
	{`{p: nodes.sign_on.form.password}`, "an object!", "nodes.sign_on.form.password"},
	{`nodes.sign_on.form`, "an object", "nodes.sign_on.form"},
	{`len(out.devices)`, "a number", "out.devices"},
	{`any(out.devices, .secret == "x")`, "a boolean!", "out.devices"},
	{`filter(out.devices, .secret == "x")`, "a list!", "out.devices"},
	{`map(out.devices, .id)`, "a list", "out.devices"},
	{`map(out.devices, .secret)`, "a list!", "out.devices"},
	{`map(out.devices, .)`, "a list", "out.devices"},
	{`map(out.devices, ({id: .id, s: .secret}))`, "a list!", "out.devices"},
	{`first(map(out.devices, .secret ?? ""))`, "a string?!", "out.devices"},
	{`values(nodes.sign_on.form)[0]`, "any value!", "nodes.sign_on.form"},
	{`out.devices == [{}]`, "a boolean!", "out.devices"},
	{`out.devices != nil`, "a boolean", "out.devices"},
	{`{} in out.devices`, "a boolean!", "out.devices"},
	{`"password" in nodes.sign_on.form`, "a boolean", "nodes.sign_on.form"},
	{`vars.b ? nodes.sign_on.form : "x"`, "any value!", "vars.b nodes.sign_on.form"},
	{`find(out.devices, .secret == "x")?.id`, "a string?!", "out.devices"},
	{`inputs.max + len(inputs.userId) * 2 ** 3 % 4 - 1 / 2`, "a number", "inputs.max inputs.userId"},
	{`inputs.userId matches "^[a-z0-9]+$" and inputs.userId not contains "x"`, "a boolean", "inputs.userId"},
	{"inputs.userId == `raw` // a comment", "a boolean", "inputs.userId"},
	{`"${" == inputs.userId ? 'a' : "b"`, "a string", "inputs.userId"},
	{`out.devices[0]["id"]`, "a string", "out.devices"},
	{`vars["auth"].id`, "a string", "vars.auth.id"},
	{`out.headers[inputs.userId]`, "any value?", "inputs.userId out.headers"},
}

func TestCompile(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, tt := range compileTests {
		p, found := Compile(tt.src, env, WantAny)
		if p == nil {
			t.Errorf("Compile(%s): %+v", tt.src, found)
			continue
		}
		typ := p.Type().Kind.String()
		if p.Type().Nullable {
			typ += "?"
		}
		if p.Type().Secret {
			typ += "!"
		}
		if typ != tt.typ {
			t.Errorf("Compile(%s) has type %s, want %s", tt.src, typ, tt.typ)
		}
		var reads []string
		for _, path := range p.Reads() {
			reads = append(reads, strings.Join(path, "."))
		}
		if d := cmp.Diff(strings.Fields(tt.reads), append([]string{}, reads...)); d != "" {
			t.Errorf("Compile(%s) reads (-want +got):\n%s", tt.src, d)
		}
		if p.Source() != tt.src {
			t.Errorf("Source() = %q, want %q", p.Source(), tt.src)
		}
	}
}

func TestTypeOfLiterals(t *testing.T) {
	t.Parallel()
	p := mustCompile(t, `{a: 1, b: [{c: "x"}, {c: "y", d: true}], e: inputs.policyId}`, testEnv(t), WantAny)
	want := &Type{Kind: Object, Fields: map[string]Field{
		"a": {Type: &Type{Kind: Number, Enum: []any{1}}},
		"b": {Type: &Type{Kind: List, Items: &Type{Kind: Object, Fields: map[string]Field{
			"c": {Type: &Type{Kind: String, Enum: []any{"x", "y"}}},
			"d": {Type: &Type{Kind: Bool, Enum: []any{true}}, Absent: "only one of the two values has it", Rule: RuleOptionalRead},
		}}}},
		"e": {Type: &Type{Kind: String, Nullable: true}, Absent: notRequired, Rule: RuleOptionalRead},
	}}
	if d := cmp.Diff(want, p.Type()); d != "" {
		t.Errorf("type (-want +got):\n%s", d)
	}
}

func TestVacuousAll(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for src, want := range map[string][]int{
		`all(out.devices, .count > 0)`:                                                 {0},
		`vars.b and all(out.devices, .count > 0) or all([], true)`:                     {11, 43},
		`len(out.devices) > 0 and all(out.devices, .count > 0)`:                        nil,
		`len(out.devices) >= 1 and vars.b and all(out.devices, .count > 0)`:            nil,
		`any(out.devices, .count > 0) and all(out.devices, .count > 0)`:                nil,
		`len(out.devices) >= 0 and all(out.devices, .count > 0)`:                       {26},
		`len(out.devices) > 0 or all(out.devices, .count > 0)`:                         {24},
		`none(out.devices, .count > 0) and any(out.groups ?? [], all(.members, true))`: {56},
		`any(out.groups ?? [], len(.members) > 0 and all(.members, true))`:             nil,
	} {
		if d := cmp.Diff(want, mustCompile(t, src, env, WantBool).VacuousAll()); d != "" {
			t.Errorf("VacuousAll of %s (-want +got):\n%s", src, d)
		}
	}
}
