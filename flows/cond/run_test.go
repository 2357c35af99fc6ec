package cond

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
)

var runTests = []struct {
	src  string
	want any
}{
	{`vars.auth.status == "OTP_REQUIRED"`, true},
	{`vars.auth.status != "OTP_REQUIRED"`, false},
	{`vars.auth.error?.code`, nil},
	{`vars.auth.error?.code ?? "none"`, "none"},
	{`inputs.policyId == nil`, true},
	{`inputs.policyId != "x"`, true},
	{`inputs.policyId == inputs.userId`, false},
	{`inputs.policyId == error?.code`, true},
	{`inputs.policyId in ["a", "b"]`, false},
	{`inputs.userId in ["u0", "u1"]`, true},
	{`inputs.userId not in ["u0", "u1"]`, false},
	{`inputs.max in [1, 2, 3]`, true},
	{`"etag" in out.headers`, true},
	{`"home" in (out.devices[0].tags ?? [])`, true},
	{`"home" in out.devices[1].tags`, false},
	{`has(vars.auth.error.details[0].id)`, false},
	{`has(vars.auth.error.details)`, false},
	{`has(vars.auth.selectedDevice.id)`, true},
	{`has(out.devices[5].id)`, false},
	{`has(out.devices[0].phone)`, false},
	{`has(out.anything.deep.x.y)`, false},
	{`has(error)`, false},
	{`any(out.devices, has(.lock.status))`, true},
	{`any(out.devices, .id == vars.auth.selectedDevice?.id)`, true},
	{`all(out.devices, .status == "ACTIVE")`, false},
	{`none(out.devices, .count > 5)`, true},
	{`one(out.devices, .type == "SMS")`, true},
	{`count(out.devices, .count >= 0)`, 2},
	{`find(out.devices, .count > 0)?.nickname`, "Work"},
	{`find(out.devices, .count > 9)?.nickname`, nil},
	{`len(filter(out.devices, .status == "ACTIVE"))`, 1},
	{`any(out.groups ?? [], any(.members, .id == "d1"))`, true},
	{`map(out.devices, .id)`, []any{"d1", "d2"}},
	{`map(out.devices, .nickname)`, []any{nil, "Work"}},
	{`map(out.devices, .count + 1)`, []any{1, 3}},
	{`map([], .)`, []any{}},
	{`map(out.devices, ({id: .id}))`, []any{map[string]any{"id": "d1"}, map[string]any{"id": "d2"}}},
	{`map(out.groups ?? [], map(.members, .id))`, []any{[]any{"d1"}, []any{}}},
	{`map(filter(out.devices, .count > 0), .id)`, []any{"d2"}},
	{`any(out.devices[0].tags ?? [], . == "old")`, true},
	{`any(["SMS", "VOICE"], . in map(out.devices, .type))`, true},
	{`count([1, 2, 3], . > 1 and . < 3)`, 1},
	{`filter(["etag", "none"], out.headers[.] != nil)`, []any{"etag"}},
	{`map(["a", "b"], out.labels[.]) [0]`, "A"},
	{`map([[1, 2], [3]], .[0])`, []any{1, 3}},
	{`map([[1, 2], [3]], map(., . * 2.0))`, []any{[]any{2, 4}, []any{6}}},
	{`map([1, 2], not (.>1))`, []any{true, false}},
	{`first(out.devices)?.id`, "d1"},
	{`last(out.devices)?.id`, "d2"},
	{`first([])`, nil},
	{`keys(out.devices[1])`, []any{"count", "id", "lock", "nickname", "phone", "status", "type"}},
	{`values({b: 2, a: 1})`, []any{1, 2}},
	{`lower(nodes.sign_on.form.username) + upper("é")`, "benÉ"},
	{`trim("  x ") + trim("--x--", "-")`, "xx"},
	{`len("é→")`, 2},
	{`len(out.headers)`, 2},
	{`int("42") + int(2.9) + inputs.max`, 47},
	{`float("2.5") + vars.n`, 5},
	{`float("2.25") + vars.n`, 4.75},
	{`string(inputs.max) + string(vars.n) + string(true)`, "32.5true"},
	{`7 / 2`, 3.5},
	{`6 / 2`, 3},
	{`-7 % 3`, -1},
	{`2 ** 10`, 1024},
	{`2 + 3 * 4 - 1`, 13},
	{`vars.n * 2 == 5`, true},
	{`0.1 + 0.2 > 0.3`, true},
	{`-inputs.max`, -3.0},
	{`inputs.max > 2 and inputs.max <= 3.0`, true},
	{`inputs.max < len(out.devices)`, false},
	{`"b" > "a" and inputs.userId >= "u1"`, true},
	{`out.devices[len(out.devices) - 1].id`, "d2"},
	{`out.devices[inputs.max - 2].id`, "d2"},
	{`out.devices[-1].id`, "d2"},
	{`vars.b ? inputs.max : 0`, 3.0},
	{`vars.b or 1 / 0 > 1`, true},
	{`not vars.b and 1 / 0 > 1`, false},
	{`{a: inputs.policyId, b: [1, "x"]}`, map[string]any{"a": nil, "b": []any{1, "x"}}},
	{`[1, 2] == [1.0, 2]`, true},
	{`{a: [1]} == {a: [2]}`, false},
	{`out.devices[0].tags == ["home", "old"]`, true},
	{`out.devices[0] in out.devices`, true},
	{`out.anything.deep[2].three`, 3.0},
	{`out.anything.deep == [1, "two", {three: 3}]`, true},
	{`inputs.userId matches "^u[0-9]$"`, true},
	{`"x" contains "" and "xyz" startsWith "xy" and "xyz" endsWith "yz"`, true},
	{`"abc" not contains "d"`, true},
	{`now()`, "2026-11-22T07:30:00.123Z"},
	{`now() < "2026-11-22T07:30:00.124Z"`, true},
	{`out.headers[inputs.userId]`, nil},
	{`out.headers["n"] == 7`, true},
}

func TestRun(t *testing.T) {
	t.Parallel()
	env, data := testEnv(t), testValues(t)
	for _, tt := range runTests {
		p := mustCompile(t, tt.src, env, WantAny)
		got, err := p.Run(data, testBudget())
		if err != nil {
			t.Errorf("%s: %v", tt.src, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.src, d)
		}
	}
	if d := cmp.Diff(testValues(t), data); d != "" {
		t.Errorf("Run changed its data (-before +after):\n%s", d)
	}
}

// match gets a scalar, with integers as int.
func TestRunMatch(t *testing.T) {
	t.Parallel()
	env, data := testEnv(t), testValues(t)
	for _, tt := range []struct {
		src  string
		want any
	}{
		{`vars.auth.status`, "OTP_REQUIRED"},
		{`len(out.devices)`, 2},
		{`inputs.max`, 3},
		{`vars.b`, true},
		{`inputs.policyId`, nil},
		{`out.headers.n`, 7},
	} {
		got, err := mustCompile(t, tt.src, env, WantMatch).Run(data, testBudget())
		if err != nil || got != tt.want {
			t.Errorf("%s = %#v, %v, want %#v", tt.src, got, err, tt.want)
		}
	}
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	env, data := testEnv(t), testValues(t)
	for _, tt := range []struct {
		src  string
		want Want
		says string
	}{
		{`1 / 0 > 1`, WantAny, "column 3: a number is not finite"},
		{`0 / 0`, WantAny, "not finite"},
		{`5 % 0`, WantAny, "not finite"},
		{`10 ** 400`, WantAny, "not finite"},
		{`-(10.0 ** 200) * 10 ** 200 < 0`, WantAny, "not finite"},
		{`out.devices[7].id`, WantAny, "column 12: the index is outside of the list"},
		{`out.anything.nope.more`, WantAny, "a member is read of a value that has none"},
		{`out.anything.deep.x`, WantAny, "not of the type"},
		{`out.anything > 1`, WantAny, "not of the type"},
		{`out.anything > out.headers.n`, WantAny, "an object and a number cannot be compared"},
		{`out.anything contains "x"`, WantAny, "contains needs two strings, and got an object"},
		{`out.anything.nope contains "x"`, WantAny, "got nil"},
		{`out.devices[vars.n]`, WantAny, "column 18: what stands between [ ]"},
		{`out.anything and true`, WantAny, "not of the type"},
		{`not out.anything.deep`, WantAny, "not of the type"},
		{`out.anything`, WantBool, "an object, not true or false"},
		{`out.headers.nope`, WantBool, "nil, not true or false"},
		{`out.anything`, WantMatch, "match needs"},
		{`vars.n`, WantMatch, "match needs"},
		{`10.0 ** 200`, WantMatch, "match needs"},
		{`int("x1")`, WantAny, "not an integer"},
		{`int("` + strings.Repeat("1", 65) + `")`, WantAny, "not an integer"},
		{`float("NaN")`, WantAny, "not a number"},
		{`int(1e300)`, WantAny, "out of range"},
		{`string(out.anything)`, WantAny, "string needs"},
		{`len(out.headers.n)`, WantAny, "len needs"},
		{`keys(out.headers.n)`, WantAny, "keys needs"},
		{`first(out.headers.n)`, WantAny, "first needs"},
		{`lower(out.headers.n)`, WantAny, "lower needs"},
		{`trim(out.headers.n)`, WantAny, "trim needs"},
		{`1 in out.headers.n`, WantAny, "in looks into"},
		{`out.headers.n matches "x"`, WantAny, "matches needs"},
		{`out.headers.n + out.headers.etag`, WantAny, "+ needs two numbers"},
		{`any(out.anything, .x == 1)`, WantAny, "not of the type"},
		{`any(out.anything.nope, true)`, WantAny, "not of the type"},
		{`float(out.headers.etag)`, WantAny, "not a number"},
	} {
		p := mustCompile(t, tt.src, env, tt.want)
		got, err := p.Run(data, testBudget())
		if !errors.Is(err, &connector.Error{Code: connector.CodeExpressionFailed}) || got != nil {
			t.Errorf("%s = %v, %v, want %s", tt.src, got, err, connector.CodeExpressionFailed)
			continue
		}
		if !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v does not say %q", tt.src, err, tt.says)
		}
	}
}

// Errors name the expression, which is the author's, and never a value, which may be
// a password.
func TestRunErrorsKeepValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	env := map[string]any{"out": map[string]any{"a": secret, "b": map[string]any{"c": 1.0}, "l": []any{}}}
	for _, src := range []string{
		`out.a > 1`, `out.b[out.a].x`, `out.l[out.a]`, `int(out.a)`, `float(out.a)`, `out.a + 1`, `-out.a`, `out.a and true`,
		`out.a.x`, `out.a[0].y`, `any(out.a, .x == 1)`, `{x: 1 / 0, y: out.a}`, `out.a in out.a`, `keys(out.a)`, `out.b["c"][out.a]`,
	} {
		p := mustCompile(t, src, &Type{Kind: Object, Fields: map[string]Field{"out": {}}}, WantAny)
		if v, err := p.Run(env, testBudget()); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s = %v, %v", src, v, err)
		}
	}
}

// Values that Go code put into the environment come out as decoded JSON would.
func TestRunGoValues(t *testing.T) {
	t.Parallel()
	type word string
	env := map[string]any{"v": map[string]any{
		"names": []string{"b", "a"}, "codes": []int{4, 5}, "m": map[string]string{"k": "v"}, "i8": int8(3), "u": uint32(9), "f": float32(1.5),
		"nilList": []any(nil), "nilMap": map[string]any(nil), "list": []any{[]string{"x"}, int64(1)}, "maps": []map[string]any{{"id": "1"}}, "word": word("w"),
	}}
	root := &Type{Kind: Object, Fields: map[string]Field{"v": {}}}
	for _, tt := range []struct {
		src  string
		want any
	}{
		{`v.names`, []any{"b", "a"}},
		{`"a" in v.names`, true},
		{`v.names[0] == "b" and len(v.names) == 2`, true},
		{`v.names == ["b", "a"]`, true},
		{`v.codes[0] + v.i8 + v.u`, 16},
		{`v.m`, map[string]any{"k": "v"}},
		{`v.m.k == "v" and "k" in v.m and len(v.m) == 1 and has(v.m.k)`, true},
		{`{a: v.f, b: v.u}`, map[string]any{"a": 1.5, "b": 9}},
		{`v.nilList ?? "none"`, "none"},
		{`v.nilMap == nil and not has(v.nilMap) and v.nilList == v.nilMap`, true},
		{`v.nilMap`, nil},
		{`v.list`, []any{[]any{"x"}, 1}},
		{`first(v.names)`, "b"},
		{`any(v.maps, .id == "1")`, true},
		{`keys(v.m) == values({a: "k"})`, true},
	} {
		p := mustCompile(t, tt.src, root, WantAny)
		got, err := p.Run(env, testBudget())
		if err != nil {
			t.Errorf("%s: %v", tt.src, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.src, d)
		}
	}
	for _, bad := range []any{math.NaN(), math.Inf(1), func() {}, new(int), struct{}{}, map[int]string{1: "x"}, complex(1, 1)} {
		if v, err := mustCompile(t, `v`, root, WantAny).Run(map[string]any{"v": bad}, testBudget()); err == nil {
			t.Errorf("%T came out as %v", bad, v)
		}
		if v, err := mustCompile(t, `v == v`, root, WantAny).Run(map[string]any{"v": []any{bad}}, testBudget()); err == nil && v == true && bad != bad {
			t.Errorf("%T compared as %v", bad, v)
		}
	}
}

func TestRunConcurrently(t *testing.T) {
	t.Parallel()
	p := mustCompile(t, `count(out.devices, .count > inputs.max - 2) == 1 and vars.auth.error?.code == nil`, testEnv(t), WantBool)
	data := testValues(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got, err := p.Run(data, testBudget()); got != true || err != nil {
					t.Errorf("Run = %v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestRunWithoutBudget(t *testing.T) {
	t.Parallel()
	got, err := mustCompile(t, `now()`, testEnv(t), WantAny).Run(nil, nil)
	if got != "0001-01-01T00:00:00.000Z" || err != nil {
		t.Errorf("Run = %v, %v", got, err)
	}
}

// What is kept for the next run holds nothing of the last one.
func TestRunKeepsNothing(t *testing.T) {
	t.Parallel()
	p := mustCompile(t, `first(out.devices)?.id == nodes.sign_on.form.password`, testEnv(t), WantBool)
	if _, err := p.Run(testValues(t), testBudget()); err != nil {
		t.Fatal(err)
	}
	f, ok := p.frames.Get().(*frame)
	if !ok {
		return // the pool was emptied in between
	}
	if len(f.env) > 0 {
		t.Errorf("the environment is kept: %v", f.env)
	}
	for _, v := range f.vm.Stack[:cap(f.vm.Stack)] {
		if v != nil {
			t.Errorf("a value is kept on the stack: %v", v)
		}
	}
}
