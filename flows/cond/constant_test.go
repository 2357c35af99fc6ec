package cond

import (
	"slices"
	"strings"
	"testing"

	"github.com/expr-lang/expr/ast"
	"pgregory.net/rapid"
)

// ipEnv is testEnv with an address.
func ipEnv(t testing.TB) *Type {
	t.Helper()
	env := testEnv(t)
	env.Fields["request"] = Field{Type: &Type{Kind: Object, Fields: map[string]Field{"ip": {Type: &Type{Kind: String, Format: FormatIP}}}}}
	return env
}

// rulesOf lists the rules and offsets that an expression is told of.
func rulesOf(t *testing.T, src string) []string {
	t.Helper()
	_, found := Compile(src, ipEnv(t), WantBool)
	var rules []string
	for _, i := range found {
		rules = append(rules, i.Rule)
	}
	return rules
}

func TestConditionsThatCanOnlyBeOneValueAreTold(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`true`, `false`, `not true`, `1 == 1`, `"a" == "b"`, `2 < 1`, `vars.b or true`, `vars.b and false`,
		`vars.b or not vars.b`, `vars.b and not vars.b`, `inputs.userId == inputs.userId`, `vars.n != vars.n`,
		`len(out.devices) >= 0`, `len(out.devices) < 0`, `len(out.devices) > -1`, `len(inputs.userId) == -1`, `len(out.devices) == 0.5`,
		`count(out.devices, .id == "x") >= 0`, `len(out.devices) > 5 and len(out.devices) < 3`, `vars.n > 5 and vars.n < 3`, `vars.n > 5 or vars.n <= 5`,
		`inputs.userId == nil`, `inputs.userId != nil`, `nil == client.webauthn`, `has(inputs.userId)`, `not has(vars.auth.status)`,
		`inputs.userId == "a" and inputs.userId == "b"`, `inputs.userId != "a" or inputs.userId != "b"`, `inputs.userId == "a" and inputs.userId != "a"`,
		`inputs.userId in ["a", "b"] and inputs.userId == "c"`, `not (inputs.userId in ["a"]) and inputs.userId == "a"`,
		`client.webauthn in ["FULL", "SECURITY_KEY_ONLY", "NONE"]`, `client.webauthn == "FULL" or client.webauthn == "NONE" or client.webauthn == "SECURITY_KEY_ONLY"`,
		`client.webauthn != "FULL" and client.webauthn in ["FULL"]`, `client.webauthn startsWith "X"`, `client.webauthn matches "^[A-Z_]+$"`, `client.webauthn contains "full"`,
		`inputs.userId == "x" and len(out.devices) >= 0`, `(inputs.userId == "x" ? true : false) and 1 == 2`,
		`vars.auth.error?.code == "A" and vars.auth.error?.code == nil`,
		`any(out.devices, .type == .type)`, `all(out.devices, .count >= 0 or .count < 0) and len(out.devices) > 0`, `any(out.devices, .id == "a" and .id == "b")`,
		`vars.auth.error != nil and vars.auth.error == nil`,
	} {
		if got := rulesOf(t, src); !slices.Contains(got, RuleConstant) && !slices.Contains(got, RuleUnknownValue) {
			t.Errorf("%s: got %v, want %s", src, got, RuleConstant)
		}
	}
}

func TestConditionsThatCanDifferAreNotTold(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`vars.b`, `not vars.b`, `inputs.flag == true`, `inputs.flag == nil`, `inputs.policyId == nil`, `inputs.policyId != nil`, `has(inputs.policyId)`, `has(vars.auth.error.code)`,
		`has(vars.auth.error) and vars.auth.error.code == "A"`, `inputs.userId == "a" or inputs.userId == "b"`, `inputs.userId != "a" and inputs.userId != "b"`,
		`vars.n > 3 and vars.n < 4`, `vars.n >= 3 and vars.n <= 3`, `len(out.devices) > 0`, `len(out.devices) >= 1`, `len(out.devices) == 0 or len(out.devices) > 1`,
		`any(out.devices, .id == "x") and none(out.devices, .id == "y")`, `client.webauthn != "NONE"`, `client.webauthn == "FULL" or client.webauthn == "NONE"`,
		`client.webauthn startsWith "S"`, `client.webauthn contains "KEY"`, `inputs.userId matches "^a"`, `inputs.userId < "m"`, `inputs.userId == vars.auth.id`,
		`(inputs.policyId ?? "x") == "x"`, `vars.auth.error?.code == "A"`, `out.anything == nil`, `out.labels["a"] == "b"`, `first(out.devices)?.type == "SMS"`,
		`inputs.max > 0 and inputs.max % 2 == 0`, `inputs.userId == "a" ? vars.b : inputs.flag == true`, `all(out.devices, .status == "ACTIVE") and len(out.devices) > 0`,
		`any(out.devices, .type == "SMS" and .status == "ACTIVE")`, `any(out.devices, .nickname == nil)`, `any(out.devices, .lock?.status == "LOCKED")`, `count(out.devices, true) > 1`,
	} {
		if got := rulesOf(t, src); len(got) > 0 {
			t.Errorf("%s: got %v, want nothing", src, got)
		}
	}
}

// TestWhatIsSaidToBeConstantIs makes conditions at random and runs those of which one
// value is told over random data: they never have the other.
func TestWhatIsSaidToBeConstantIs(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	out := env.Fields["out"].Type.Fields
	delete(out, "headers")
	delete(out, "anything")
	told := 0
	rapid.Check(t, func(rt *rapid.T) {
		g := &maker{rt: rt, env: env}
		src := g.expr(Bool, 3)
		p, found := Compile(src, env, WantBool)
		at := slices.IndexFunc(found, func(i Issue) bool {
			return i.Rule == RuleConstant && strings.HasPrefix(i.Text, show(parseTree(rt, src))+" is always ")
		})
		if p == nil || at < 0 {
			return
		}
		told++
		want := strings.HasSuffix(found[at].Text, "true")
		for range 6 {
			data, _ := g.value(env, 0).(map[string]any)
			if v, err := p.Run(data, testBudget()); err == nil && v != want {
				rt.Fatalf("%s\nis said to be always %v, and is %v over %v", src, want, v, data)
			}
		}
	})
	if told == 0 {
		t.Error("no condition was told to be constant: the property says nothing")
	}
}

func TestWhatNoTextIsIsRefused(t *testing.T) {
	t.Parallel()
	for src, refused := range map[string]bool{
		`request.ip in ["192.0.2.0/24"]`: true, `request.ip in ["10.0.0.1", "2001:db8::/32"]`: true, `request.ip == "10.0.0.0/8"`: true,
		`"10.0.0.0/8" != request.ip`: true, `request.ip startsWith "10.0.0.0/"`: true, `request.ip contains "/24"`: true, `request.ip endsWith "/32"`: true,
		`request.ip matches "^10\\.0\\.0\\.0/8$"`: true, `request.ip == "10.0.0"`: true, `request.ip == "300.1.1.1"`: true, `request.ip == "localhost"`: true,
		`request.ip == "010.0.0.1"`: true, `request.ip == "2001:DB8::1"`: true, `request.ip == "2001:db8:0:0:0:0:0:1"`: true, `request.ip == "::ffff:10.0.0.1"`: true, `request.ip == ""`: true,
		`request.ip == "10.0.0.1"`: false, `request.ip in ["10.0.0.1", "2001:db8::1"]`: false, `request.ip startsWith "10."`: false, `request.ip matches "^10[.]"`: false, `request.ip != "::1"`: false,
		`inputs.userId matches "a^"`: true, `inputs.userId matches "$a"`: true, `inputs.userId matches "[^\\x00-\\x{10FFFF}]"`: true, `inputs.userId matches "(a|b)+^x"`: true,
		`inputs.userId matches "^a|b$"`: false, `inputs.userId matches "^$"`: false, `inputs.userId matches "(^|,)a(,|$)"`: false, `inputs.userId matches "a*^b"`: false,
	} {
		got := rulesOf(t, src)
		if slices.Contains(got, RuleNeverTrue) != refused || !refused && len(got) > 0 {
			t.Errorf("%s: got %v, want refused %v", src, got, refused)
		}
	}
}

// parseTree returns the tree of an expression that parses.
func parseTree(t *rapid.T, src string) ast.Node {
	n, problem := parse(src, newOffsets(src))
	if problem != nil {
		t.Fatalf("%s does not parse: %v", src, problem)
	}
	return n
}
