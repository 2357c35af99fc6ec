package cond

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
)

// A-58 (CVE-2025-29786): a huge source is refused before anything parses it, at the
// byte where it became too long.
func TestA58HugeSource(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, src := range []string{
		strings.Repeat("1+", 5<<20) + "1", // 10 MiB
		`"` + strings.Repeat("x", maxSource) + `"`,
	} {
		p, found := Compile(src, env, WantAny)
		if p != nil || len(found) != 1 || found[0].Rule != RuleTooLarge || found[0].Offset != maxSource {
			t.Errorf("Compile of %d bytes = %v, %+v", len(src), p, found)
		}
	}
	src := strings.Repeat("1+", maxNodes) + "1" // short, but of too many parts
	p, found := Compile(src, env, WantAny)
	if p != nil || len(found) != 1 || found[0].Rule != RuleTooLarge {
		t.Errorf("Compile of %d parts = %v, %+v", maxNodes, p, found)
	}
	if p, found = Compile(strings.Repeat("1+", maxNodes/2-2)+"1", env, WantAny); p == nil {
		t.Errorf("Compile of fewer parts: %+v", found)
	}
}

// A-59 (CVE-2025-68156): data that is 100,000 deep or refers to itself is an error
// wherever a value is walked, and harmless where it is not.
func TestA59DeepAndCyclicData(t *testing.T) {
	t.Parallel()
	for name, bomb := range map[string]any{"deep": deepValue(100_000), "cyclic map": cyclicMap(), "cyclic list": cyclicList()} {
		env := map[string]any{"out": map[string]any{"x": bomb, "y": bomb, "list": []any{bomb}}}
		root := &Type{Kind: Object, Fields: map[string]Field{"out": {}}}
		for _, src := range []string{
			`out`, `out.x`, `[out.x]`, `{a: out.y}`, `out.x == out.y`, `out.x in out.list`, `first(out.list)`, `values(out)`, `filter(out.list, true)`,
		} {
			_, err := mustCompile(t, src, root, WantAny).Run(env, testBudget())
			if !errors.Is(err, &connector.Error{Code: connector.CodeLimitExceeded}) {
				t.Errorf("%s, %s: %v, want %s", name, src, err, connector.CodeLimitExceeded)
			}
		}
		for _, src := range []string{`has(out.x)`, `out.x != nil`, `len(out) == 3`, `out.x != "a"`, `any(out.list, has(.x)) or true`} {
			if v, err := mustCompile(t, src, root, WantBool).Run(env, testBudget()); v != true || err != nil {
				t.Errorf("%s, %s = %v, %v", name, src, v, err)
			}
		}
		for _, src := range []string{`string(out.x)`, `lower(out.x)`, `int(out.x)`, `out.x + out.y`, `out.x < out.y`, `-out.x`, `out.none[out.x]`, `out.list[out.x]`, `out[out.x].y`, `out[out.x]`} {
			_, err := mustCompile(t, src, root, WantAny).Run(env, testBudget())
			if !errors.Is(err, &connector.Error{Code: connector.CodeExpressionFailed}) {
				t.Errorf("%s, %s: %v, want %s", name, src, err, connector.CodeExpressionFailed)
			}
		}
	}
}

func deepValue(n int) any {
	v := any("end")
	for i := range n {
		if i%2 == 0 {
			v = []any{v}
		} else {
			v = map[string]any{"x": v}
		}
	}
	return v
}

func cyclicMap() any {
	m := map[string]any{}
	m["x"] = m
	return m
}

func cyclicList() any {
	list := make([]any, 1)
	list[0] = list
	return list
}

// the three payloads of finding F4 are refused at load.
func TestA60BombsAreRefused(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, tt := range []struct{ src, rule string }{
		{`len(reduce(1..40, {#acc + #acc}, "ab"))`, RuleNotAllowed},
		{strings.Repeat("(", 1_000_000) + "1" + strings.Repeat(")", 1_000_000), RuleTooLarge},
		{strings.Repeat("(", maxNesting+1) + "1" + strings.Repeat(")", maxNesting+1), RuleTooLarge},
		{strings.Repeat("[", 2000) + strings.Repeat("]", 2000), RuleTooLarge},
		{strings.Repeat("-", 4000) + "1", RuleTooLarge},
		{`"a"` + strings.Repeat(" ? 1 : 1", 150), RuleTooLarge},
		{`all(out.devices, all(out.devices, all(out.devices, true)))`, RuleTooLarge},
		{`map(out.devices, map(out.devices, map(out.devices, .)))`, RuleTooLarge},
	} {
		p, found := Compile(tt.src, env, WantAny)
		met := false
		for _, i := range found {
			met = met || i.Rule == tt.rule
		}
		if p != nil || !met {
			t.Errorf("Compile(%.60s) = %v, %+v, want %s", tt.src, p, found, tt.rule)
		}
	}
	if p, found := Compile(strings.Repeat("(", maxNesting)+"1"+strings.Repeat(")", maxNesting), env, WantAny); p == nil {
		t.Errorf("nesting of %d: %+v", maxNesting, found)
	}
}

// what still runs long is stopped by the counter that it spends, and by nothing
// else: the other one has something left.
func TestA60BudgetStopsTheRest(t *testing.T) {
	t.Parallel()
	env := map[string]any{
		"n": bigList(3000), "s": strings.Repeat("x", 40_000), "t": strings.Repeat("x", 39_999) + "y", "texts": bigTexts(2000, 1000),
	}
	root := &Type{Kind: Object, Fields: map[string]Field{"n": {}, "s": {}, "t": {}, "texts": {}}}
	for _, tt := range []struct{ src, spent string }{
		{`count(n, count(n, true) >= 0) >= 0`, "steps"},
		{`all(n, all(n, .id >= 0))`, "steps"},
		{`filter(n, len(filter(n, true)) > 0)`, "steps"},
		{`any(n, .id in [-1, -2, -3, -4, -5] or .id in n)`, "steps"},
		{`count(n, n == n) > 0`, "steps"},
		{`len(map(n, map(n, .))) >= 0`, "steps"},
		{`len(map(n, map(n, s))) >= 0`, "steps"},
		{`len(map(map(n, n), map(., .))) >= 0`, "steps"},
		{`len(map(n, s + s)) >= 0`, "bytes"},
		{`count(n, s matches "(x{0,200}){4}y") > 0`, "steps"},
		{strings.Repeat("(s + s + s + s + s + s + s) + ", 4) + "s", "bytes"},
		{`count(n, s + s == t) > 0`, "bytes"},
		{`count(n, s == t) > 0`, "bytes"},
		{`count(n, s < t) > 5000`, "bytes"},
		{`count(n, s contains t) > 0`, "bytes"},
		{`count(n, len(lower(s)) == 1) > 0`, "bytes"},
		{`count(n, upper(trim(s)) == "") > 0`, "bytes"},
		{`[texts]`, "bytes"},
	} {
		b := testBudget()
		v, err := mustCompile(t, tt.src, root, WantAny).Run(env, b)
		if !errors.Is(err, &connector.Error{Code: connector.CodeLimitExceeded}) {
			t.Errorf("%s = %v, %v, want %s", tt.src, v, err, connector.CodeLimitExceeded)
			continue
		}
		steps, bytes := b.Left().Steps == 0, b.Left().Bytes == 0
		if steps != (tt.spent == "steps") || bytes != (tt.spent == "bytes") {
			t.Errorf("%s left %+v, want no %s", tt.src, b.Left(), tt.spent)
		}
	}
}

// One budget serves all expressions of a step.
func TestBudgetIsShared(t *testing.T) {
	t.Parallel()
	p := mustCompile(t, `count(n, true)`, &Type{Kind: Object, Fields: map[string]Field{"n": {}}}, WantAny)
	env, b, runs := map[string]any{"n": bigList(1000)}, NewBudget(Limits{Steps: 10_000, Bytes: 10}, testNow), 0
	for ; runs < 100; runs++ {
		if _, err := p.Run(env, b); err != nil {
			break
		}
	}
	if runs < 3 || runs > 10 {
		t.Errorf("%d runs of 1,000 items each before the limit of 10,000 steps", runs)
	}
}

// Without any loop, a run costs its parts.
func TestBudgetCountsParts(t *testing.T) {
	t.Parallel()
	p := mustCompile(t, `1 + 2 == 3`, testEnv(t), WantBool)
	b := NewBudget(Limits{Steps: 12, Bytes: 10}, testNow)
	if _, err := p.Run(nil, b); err != nil || b.Left().Steps != 7 {
		t.Errorf("five parts left %+v: %v", b.Left(), err)
	}
	_, _ = p.Run(nil, b)
	if _, err := p.Run(nil, b); !errors.Is(err, &connector.Error{Code: connector.CodeLimitExceeded}) {
		t.Errorf("the third run ends with %v", err)
	}
}

func bigList(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = map[string]any{"id": float64(i)}
	}
	return out
}

func bigTexts(n, size int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = strings.Repeat("y", size)
	}
	return out
}

// an expression reaches its roots, plain data, and nothing else: no method, no
// function, no environment as a value.
func TestA61NothingButPlainData(t *testing.T) {
	t.Parallel()
	for src, rule := range map[string]string{
		`$env`: RuleNotAllowed, `$env["out"]`: RuleNotAllowed, `get($env, "out")`: RuleNotAllowed,
		`env()`: RuleUnknownFunction, `out.Danger()`: RuleUnknownFunction, `out?.Danger()`: RuleUnknownFunction, `any(out, .Danger())`: RuleUnknownFunction,
		`env`: RuleUnknownRoot, `len.x`: RuleUnknownRoot, `now.x`: RuleUnknownRoot, `has(now)`: RuleUnknownRoot,
		`__proto__`: RuleUnknownRoot, `constructor`: RuleUnknownRoot,
		`out.Danger`: RuleUnknownField, "`\x00budget`.x": RuleUnknownField,
		`out["Danger"]()`: RuleSyntax, "\x00budget": RuleSyntax, "\x00tick(1)": RuleSyntax,
	} {
		typed := &Type{Kind: Object, Fields: map[string]Field{"out": {Type: &Type{Kind: Object, Fields: map[string]Field{}}}}}
		p, found := Compile(src, typed, WantAny)
		if p != nil || !slices.ContainsFunc(found, func(i Issue) bool { return i.Rule == rule }) {
			t.Errorf("Compile(%q) = %v, %+v, want %s", src, p, found, rule)
		}
	}
	// Even if the environment held a value with methods, none could be called, and
	// what is no plain data could not come out.
	env := map[string]any{"out": danger{t}, "list": []any{danger{t}}}
	root := &Type{Kind: Object, Fields: map[string]Field{"out": {}, "list": {}}}
	for _, src := range []string{`out`, `out.Danger`, `out.Field`, `list`, `list[0].Danger`, `first(list)`, `{a: out.Danger}`, `out == out`, `filter(list, .Danger != nil)`} {
		v, err := mustCompile(t, src, root, WantAny).Run(env, testBudget())
		if err == nil {
			assertPlain(t, src, reflect.ValueOf(v), 0)
		}
	}
}

type danger struct{ t *testing.T }

func (d danger) Danger() string { d.t.Error("a method was called"); return "" }

// whatever a run gives back is plain data all the way down.
func TestA61ResultsArePlain(t *testing.T) {
	t.Parallel()
	env, data := testEnv(t), testValues(t)
	assertPlain(t, "environment", reflect.ValueOf(data), 0)
	for _, src := range []string{`out`, `vars.auth`, `{a: [out.devices, 1, nil], b: now()}`, `filter(out.devices, true)`, `keys(out)`, `values(out)`, `inputs.max + 1`} {
		v, err := mustCompile(t, src, env, WantAny).Run(data, testBudget())
		if err != nil {
			t.Errorf("%s: %v", src, err)
		}
		assertPlain(t, src, reflect.ValueOf(v), 0)
	}
}

// assertPlain walks a value and fails on anything with behaviour or behind a pointer.
func assertPlain(t *testing.T, where string, v reflect.Value, depth int) {
	t.Helper()
	if !v.IsValid() || depth > maxResultDepth {
		return
	}
	if v.Kind() != reflect.Interface && v.NumMethod() > 0 {
		t.Errorf("%s: %s has methods", where, v.Type())
	}
	switch v.Kind() {
	case reflect.Interface:
		assertPlain(t, where, v.Elem(), depth+1)
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			assertPlain(t, where, it.Key(), depth+1)
			assertPlain(t, where, it.Value(), depth+1)
		}
	case reflect.Slice:
		for i := range v.Len() {
			assertPlain(t, where, v.Index(i), depth+1)
		}
	case reflect.Bool, reflect.Int, reflect.Float64, reflect.String:
	default:
		t.Errorf("%s: reaches a %s", where, v.Kind())
	}
}
