package cond

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mark stands before each byte that an issue must point at.
const mark = "¦"

var issueTests = []struct {
	src   string // ¦ before the byte of each issue
	want  Want
	rules string // of the issues in order; "?" after a warning
	hint  string // a part of the first hint or text
}{
	// syntax
	{src: `¦`, rules: "expr-syntax", hint: "write not ok"},
	{src: `  ¦`, rules: "expr-syntax@0"},
	{src: `len(out.devices¦`, rules: "expr-syntax", hint: "quote the whole value"},
	{src: `any(out.devices,¦`, rules: "expr-syntax", hint: "YAML ends a value"},
	{src: `vars.auth.status == ¦)`, rules: "expr-syntax"},
	{src: `vars.auth.status == "COMPLETED¦`, rules: "expr-syntax", hint: "close it"},
	{src: `¦.status == "x"`, rules: "expr-syntax", hint: "only a predicate"},
	{src: `vars.auth.error?.code ?? "x" ¦== "y"`, rules: "expr-syntax", hint: "(a ?? b) == c"},
	{src: `¦contains(inputs.userId, "x")`, rules: "expr-syntax", hint: "it is an operator"},
	{src: `vars.b ¦@ 1`, rules: "expr-syntax"},
	{src: `¦= vars.b`, rules: "expr-not-allowed", hint: "no = before it"},
	{src: `inputs.userId ¦= "u1"`, rules: "expr-not-allowed", hint: "write =="},
	{src: `vars.b ¦& vars.b`, rules: "expr-not-allowed", hint: "write and"},
	{src: `¦${{ inputs.userId }}`, rules: "expr-template", hint: "no templating"},
	{src: `"x" + ¦{{inputs.userId}}`, rules: "expr-template"},
	{src: `¦"Hello ${inputs.userId}"`, rules: "expr-template?", hint: `"Hello " + `},

	// what expr has and conditions do not
	{src: `any(out.devices, ¦# == 1)`, rules: "expr-not-allowed", hint: "YAML takes"},
	{src: `any(out.devices, ¦#.id == "1")`, rules: "expr-not-allowed"},
	{src: `map(out.devices, {id¦: .id})`, rules: "expr-syntax", hint: "map(list, ({id: .id}))"},
	{src: `¦reduce(out.devices, ¦#acc + 1, 0)`, rules: "expr-not-allowed expr-not-allowed", hint: "any, all, count"},
	{src: `map(out.devices, {id¦: .id})`, rules: "expr-syntax", hint: "map(list, ({id: .id}))"},
	{src: `¦reduce(out.devices, .id)`, rules: "expr-not-allowed", hint: "any, all, count"},
	{src: `¦repeat("x", 10)`, rules: "expr-not-allowed"},
	{src: `¦replace("x", "x", "y")`, rules: "expr-not-allowed"},
	{src: `¦join(out.devices[0].tags ?? [], ",")`, rules: "expr-not-allowed"},
	{src: `¦split("a,b", ",")`, rules: "expr-not-allowed"},
	{src: `¦toJSON(out)`, rules: "expr-not-allowed"},
	{src: `¦let x = 1; x`, rules: "expr-not-allowed expr-not-allowed@9", hint: "use `set`"},
	{src: `1¦; 2`, rules: "expr-not-allowed"},
	{src: `¦if vars.b { 1 } ¦else { 2 }`, rules: "expr-not-allowed expr-not-allowed", hint: "? value : other"},
	{src: `out.devices ¦| len()`, rules: "expr-not-allowed", hint: "f(x)"},
	{src: `1¦..3`, rules: "expr-not-allowed"},
	{src: `2 ¦^ 3`, rules: "expr-not-allowed", hint: "**"},
	{src: `¦$env.inputs`, rules: "expr-not-allowed", hint: "name a root"},
	{src: `¦$env`, rules: "expr-not-allowed"},
	{src: `¦::len(out.devices)`, rules: "expr-not-allowed"},
	{src: `¦b"bytes"`, rules: "expr-not-allowed"},
	{src: `out.devices¦[0:1]`, rules: "expr-not-allowed", hint: "first, last, filter"},
	{src: `0 < inputs.max ¦< 3`, rules: "expr-not-allowed", hint: "a < b and b < c"},
	{src: `vars.¦b ?: vars.b`, rules: "expr-not-allowed"},
	{src: `¦+vars.n`, rules: "expr-not-allowed"},
	{src: `{(inputs.¦userId): 1}`, rules: "expr-not-allowed"},
	{src: `inputs.userId.¦toLowerCase()`, rules: "unknown-function", hint: "write lower(inputs.userId)"},
	{src: `¦size(out.devices)`, rules: "unknown-function", hint: "len(x)"},
	{src: `¦lenn(out.devices)`, rules: "unknown-function", hint: "did you mean len?"},
	{src: `¦env()`, rules: "unknown-function"},
	{src: `¦count(out.devices)`, rules: "wrong-arguments", hint: "len(list)"},
	{src: `¦len()`, rules: "wrong-arguments"},
	{src: `has(¦len(out.devices))`, rules: "wrong-arguments", hint: "takes a path"},
	{src: `has(out.devices[-1].¦id)`, rules: "wrong-arguments"},
	{src: `any(out.groups ?? [], any(.members, ¦any(out.devices, .id == "1")))`, rules: "expr-too-large", hint: "nested"},

	// names
	{src: `¦input.userId`, rules: "unknown-root", hint: "did you mean inputs?"},
	{src: `vars.auth.status == ¦COMPLETED`, rules: "unknown-root", hint: `"COMPLETED"`},
	{src: `error == ¦null`, rules: "unknown-root", hint: "write nil"},
	{src: `vars.b == ¦True`, rules: "unknown-root", hint: "true and false"},
	{src: `inputs.¦userID`, rules: "unknown-field", hint: "did you mean userId?"},
	{src: `vars.auth.¦state`, rules: "unknown-field", hint: "cannot be named"},
	{src: `vars["auth"]¦["nope"]`, rules: "unknown-field"},
	{src: `nodes.¦sign-on.form.username`, rules: "unknown-field unknown-root@11", hint: "nodes.sign_on"},
	{src: `any(out.devices, .¦stat == "ACTIVE")`, rules: "unknown-field", hint: "its members are"},
	{src: `out.devices.¦length`, rules: "unknown-field", hint: "len(out.devices)"},
	{src: `out.devices.¦id`, rules: "unknown-field", hint: "out.devices[0].id"},
	{src: `inputs.max.¦x`, rules: "unknown-field"},
	{src: `inputs.¦a == 1 or vars.¦c == 2 or ¦x`, rules: "unknown-field unknown-field unknown-root"},
	{src: `"é→" + inputs.¦nope`, rules: "unknown-field"},

	// kinds
	{src: `out.devices ¦> 0`, rules: "wrong-type", hint: "did you mean len(out.devices) > 0"},
	{src: `0 ¦< out.devices`, rules: "wrong-type", hint: "0 < len(out.devices)"},
	{src: `inputs.userId ¦> 1`, rules: "wrong-type", hint: "int(text)"},
	{src: `vars.b ¦< vars.b`, rules: "wrong-type"},
	{src: `"1" ¦== 1`, rules: "never-equal"},
	{src: `inputs.userId ¦== 7`, rules: "never-equal", hint: `"7" in quotes`},
	{src: `inputs.max ¦!= "7"`, rules: "never-equal", hint: "without quotes"},
	{src: `vars.b ¦== "true"`, rules: "never-equal", hint: "without quotes"},
	{src: `out.devices ¦== 0`, rules: "never-equal", hint: "len(out.devices)"},
	{src: `1 ¦in ["a", "b"]`, rules: "never-equal"},
	{src: `"a" ¦in inputs.userId`, rules: "wrong-type", hint: "contains"},
	{src: `1 ¦in out.headers`, rules: "wrong-type"},
	{src: `(out.devices[0].tags ?? []) ¦contains "home"`, rules: "wrong-type", hint: `"home" in`},
	{src: `inputs.max ¦contains "1"`, rules: "wrong-type", hint: "string(inputs.max)"},
	{src: `inputs.userId ¦+ 1`, rules: "wrong-type", hint: "string(1)"},
	{src: `inputs.userId ¦* 2`, rules: "wrong-type", hint: "int(inputs.userId)"},
	{src: `¦-inputs.userId`, rules: "wrong-type"},
	{src: `lower(inputs.¦max)`, rules: "wrong-type"},
	{src: `len(inputs.¦max)`, rules: "wrong-type"},
	{src: `any(inputs.¦userId, true)`, rules: "wrong-type"},
	{src: `string(out.¦devices)`, rules: "wrong-type"},
	{src: `out.devices[inputs.¦userId]`, rules: "wrong-type"},
	{src: `out.devices¦["a"]`, rules: "unknown-field"},
	{src: `inputs.userId¦[0]`, rules: "wrong-type"},
	{src: `any(out.devices, .¦id)`, rules: "not-boolean"},
	{src: `not out.¦devices`, rules: "not-boolean", hint: "len(out.devices) > 0"},
	{src: `inputs.¦userId and vars.¦n`, rules: "not-boolean not-boolean", hint: `inputs.userId != ""`},
	{src: `inputs.¦max ? 1 : 2`, rules: "not-boolean", hint: "!= 0"},
	{src: `vars.¦auth`, want: WantBool, rules: "not-boolean", hint: "has(vars.auth)"},
	{src: `¦len(out.devices)`, want: WantBool, rules: "not-boolean"},
	{src: `out.¦devices`, want: WantMatch, rules: "not-scalar", hint: "match len(out.devices)"},
	{src: `vars.¦auth`, want: WantMatch, rules: "not-scalar"},
	{src: `inputs.userId matches ¦"(?=x)"`, rules: "bad-pattern", hint: "RE2"},
	{src: `inputs.userId matches ¦"(a{500}){500}"`, rules: "bad-pattern"},
	{src: `inputs.userId matches ¦"a{900}b{900}c{900}"`, rules: "bad-pattern", hint: "smaller counts"},
	{src: `"a" matches inputs.¦userId`, rules: "bad-pattern", hint: "startsWith"},

	// what may be missing
	{src: `vars.auth.¦error.code`, rules: "optional-read", hint: "vars.auth.error?.code"},
	{src: `vars.auth.error?.¦details[0].id`, rules: "optional-read", hint: "?.[0]"},
	{src: `nodes.¦check.user.id`, rules: "maybe-unset", hint: "start → sign_on → cancel"},
	{src: `¦error.code`, rules: "optional-read", hint: "has(error)"},
	{src: `len(inputs.¦policyId)`, rules: "optional-read", hint: `(inputs.policyId ?? "")`},
	{src: `inputs.¦policyId startsWith "x"`, rules: "optional-read"},
	{src: `inputs.¦flag`, want: WantBool, rules: "optional-read", hint: "(inputs.flag ?? false)"},
	{src: `vars.b and inputs.¦flag`, rules: "optional-read"},
	{src: `lower(out.devices[0].¦phone)`, rules: "optional-read", hint: "null"},
	{src: `any(out.devices, .¦lock.status == "x")`, rules: "optional-read"},
	{src: `¦first(out.devices).id`, rules: "optional-read", hint: "the list may be empty"},
	{src: `¦find(out.devices, .id == "x").id`, rules: "optional-read", hint: "there may be none"},
	{src: `out.labels.¦a + "x"`, rules: "optional-read"},
	{src: `len(vars.auth._embedded?.¦devices)`, rules: "optional-read", hint: "?? []"},
	{src: `has(error) or ¦error.code == "X"`, rules: "optional-read"},
	{src: `vars.auth.error == nil and vars.auth.¦error.code == "X"`, rules: "optional-read"},
	{src: `not (has(error) or vars.b) and ¦error.code == "X"`, rules: "optional-read"},
	{src: `not has(error) ? ¦error.code : error.code`, rules: "optional-read"},
	{src: `nil¦.x`, rules: "expr-syntax"},
	{src: `(nil).¦x`, rules: "wrong-type"},

	// values that a schema lists
	{src: `vars.auth.status == ¦"COMPLETD"`, rules: "unknown-value?", hint: "did you mean COMPLETED?"},
	{src: `¦"Full" != client.webauthn`, rules: "unknown-value?"},
	{src: `vars.auth.status in ["FAILED", ¦"CANCELED"]`, rules: "unknown-value?"},
	{src: `vars.auth.status ¦== client.webauthn`, rules: "unknown-value?"},
}

func TestIssues(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, tt := range issueTests {
		src, offsets := strings.ReplaceAll(tt.src, mark, ""), marks(tt.src)
		p, found := Compile(src, env, tt.want)
		var want []string
		for _, rule := range strings.Fields(tt.rules) {
			if !strings.Contains(rule, "@") {
				rule += "@" + offsets[0]
				offsets = offsets[1:]
			}
			want = append(want, rule)
		}
		var got []string
		fatal := false
		for _, i := range found {
			fatal = fatal || !i.Warning
			got = append(got, issueCode(i))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("Compile(%s): issues (-want +got):\n%s%+v", src, d, found)
			continue
		}
		if text := found[0].Text + "\n" + found[0].Hint; !strings.Contains(text, tt.hint) {
			t.Errorf("Compile(%s): %q does not say %q", src, text, tt.hint)
		}
		if (p == nil) != fatal {
			t.Errorf("Compile(%s) = %v with %+v", src, p, found)
		}
	}
}

// The tables of rules and of tests agree: each rule code is met.
func TestIssuesMeetEveryRule(t *testing.T) {
	t.Parallel()
	met := map[string]bool{RuleTooLarge: true} // see TestA58HugeSource
	for _, tt := range issueTests {
		for _, r := range strings.Fields(tt.rules) {
			r, _, _ = strings.Cut(strings.TrimSuffix(r, "?"), "@")
			met[r] = true
		}
	}
	for _, rule := range []string{RuleSyntax, RuleTooLarge, RuleNotAllowed, RuleTemplate, RuleUnknownRoot, RuleUnknownField, RuleUnknownFunction,
		RuleArguments, RuleType, RuleNeverEqual, RuleNotBoolean, RuleNotScalar, RulePattern, RuleOptionalRead, RuleMaybeUnset, RuleUnknownValue} {
		if !met[rule] {
			t.Errorf("no test has an issue of rule %s", rule)
		}
	}
}

func issueCode(i Issue) string {
	code := i.Rule
	if i.Warning {
		code += "?"
	}
	return code + "@" + itoa(i.Offset)
}

// marks are the offsets of the marks in the source without them.
func marks(src string) []string {
	var out []string
	for i, n := strings.Index(src, mark), 0; i >= 0; n++ {
		out = append(out, itoa(i))
		src = src[:i] + src[i+len(mark):]
		i = strings.Index(src, mark)
	}
	return out
}
