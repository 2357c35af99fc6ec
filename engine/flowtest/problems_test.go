package flowtest_test

import (
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine/flowtest"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/schemas"
)

// one is a file of one test with these steps, which begin at 8:24.
func one(steps string) string { return head + "  - { name: t, steps: [" + steps + "] }\n" }

// TestProblems holds what a wrong file is told: all of it at once, each with its place.
func TestProblems(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ src, want string }{
		"no version":      {"flow: door\ntests: []\n", "1:1: missing-key: a test file needs `schema`"},
		"other version":   {"schema: flow/v1\nflow: door\ntests: [{ name: t, steps: [] }]\n", "1:9: schema-version"},
		"no such flow":    {"schema: flowtest/v1\nflow: dor\ntests: [{ name: t, steps: [] }]\n", "2:7: unknown-flow: there is no flow `dor`"},
		"no tests":        {"schema: flowtest/v1\nflow: door\ntests: []\n", "3:8: no-tests"},
		"unknown key":     {head + "  - { nam: t, steps: [] }\n", "8:7: unknown-key: a test has no key `nam` (did you mean `name`?)"},
		"twice":           {one("") + "  - { name: t, steps: [] }\n", "9:5: test-name: the name `t` stands here a second time (the first is in line 8"},
		"user key":        {strings.Replace(one(""), "devices:", "device:", 1), "5:12: unknown-key: a user has no key `device` (did you mean `devices`?)"},
		"device key":      {strings.Replace(one(""), "email:", "mail:", 1), "5:37: unknown-key: a device has no key `mail` (did you mean `email`?)"},
		"given expr":      {strings.Replace(one(""), "ben@example.com", `"=x"`, 1), "5:44: constant: an expression cannot stand here"},
		"no policy":       {strings.Replace(one(""), "given:", "given:\n  policy: P1", 1), "4:11: constant: there is no policy `P1`"},
		"step key":        {one("{ sea: otp }"), "8:26: unknown-key: a step has no key `sea` (did you mean `see`?)"},
		"key of see":      {one("{ see: otp, mesage: x.y }"), "8:36: unknown-key: a step with `see` has no key `mesage` (did you mean `message`?)"},
		"key of act":      {one("{ act: submit, message: x.y }"), "8:39: unknown-key: a step with `act` has no key `message`"},
		"two things":      {one("{ see: otp, end: success }"), "8:41: step-kind: a step does one thing, and this one says `see` and `end`"},
		"nothing":         {one("{}"), "8:24: step-kind: this step does nothing (a step has one of `see`"},
		"not again":       {one("{ again: false }"), "8:33: step-kind: this step does nothing (write `again: true`"},
		"screen":          {one("{ see: otpp }"), "8:31: unknown-screen: `door` shows no screen `otpp` (did you mean `otp`?)"},
		"outcome":         {one("{ end: sucess }"), "8:31: unknown-outcome: no `end:` of `door` is `sucess` (did you mean `success`?)"},
		"crash":           {one("{ crash: { after: otp } }"), "8:42: unknown-node: no node `otp` runs a capability (known here: `begin`, `check`, `look`)"},
		"capability":      {one("{ do: user/fnd }"), "8:30: unknown-capability: there is no capability `user/fnd` (did you mean `user/find`?)"},
		"clock":           {one("{ clock: 31 }"), "8:33: duration"},
		"client":          {one("{ act: submit, client: { browser: x } }"), "8:49: unknown-key: a client has no fact `browser`"},
		"request":         {one("{ act: submit, request: { address: x } }"), "8:50: unknown-key: a request has no fact `address` (known here: `ip`, `origin`, `userAgent`)"},
		"request expr":    {one("{ start: true, request: { ip: =usr.ip } }"), "8:55: unknown-root: there is no root usr"},
		"browser of see":  {one("{ see: otp, browser: x }"), "8:36: unknown-key: a step with `see` has no key `browser`"},
		"passkey":         {one("{ passkey: creat, options: x }"), "8:35: step-kind: a `passkey` cannot be `creat` (did you mean `create`?)"},
		"no options":      {one("{ passkey: get }"), "8:24: missing-key: a step with `passkey: get` needs `options`"},
		"number of key":   {one("{ passkey: get, options: x, number: 1 }"), "8:52: unknown-key: a step with `passkey: get` has no key `number`"},
		"copy":            {one("{ passkey: copy, key: ben }"), "8:24: missing-key: a step with `passkey: copy` needs `as`"},
		"options of copy": {one("{ passkey: copy, key: a, as: b, options: x }"), "8:56: unknown-key: a step with `passkey: copy` has no key `options`"},
		"key of pair":     {one("{ pair: x, phon: ben }"), "8:35: unknown-key: a step with `pair` has no key `phon` (did you mean `phone`?)"},
		"push":            {one("{ push: aprove }"), "8:32: step-kind: a `push` cannot be `aprove` (did you mean `approve`?)"},
		"number of deny":  {one("{ push: deny, number: 1 }"), "8:38: unknown-key: a step with `push: deny` has no key `number`"},
		"number expr":     {one("{ push: approve, number: =stp.with.number }"), "8:50: unknown-root: there is no root stp; did you mean step?"},
		"no code":         {one("{ qr: look }"), "8:24: missing-key: a step with `qr: look` needs `code`"},
		"root":            {one("{ expect: setn.EMAIL == 1 }"), "8:34: unknown-root: there is no root setn; did you mean sent?"},
		"channel":         {one("{ expect: sent.MAIL == 1 }"), "8:39: unknown-field"},
		"no condition":    {one("{ expect: sent.EMAIL }"), "8:39: not-boolean"},
		"second of list":  {one("{ expect: [sent.SMS == 0, sent.SM == 0] }"), "8:55: unknown-field"},
		"form":            {one(`{ act: submit, form: { otp: "=inbx[0].code" } }`), "8:54: unknown-root: there is no root inbx; did you mean inbox?"},
		"bracket":         {one("{ expect: inbox[0].code == 1 }"), "8:34: yaml-flow-bracket"},
		"mock":            {one("") + "mocks: [{ uses: user/fnd, error: X }]\n", "9:17: unknown-capability: there is no capability `user/fnd` (did you mean `user/find`?)"},
		"mock of both":    {one("") + "mocks: [{ uses: user/find, error: NOT_FOUND, output: {} }]\n", "9:9: mock: a mock has one of `output` and `error`"},
		"mock error":      {one("") + "mocks: [{ uses: user/find, error: NOT_FOND }]\n", "9:35: mock: `user/find` has no error `NOT_FOND` (did you mean `NOT_FOUND`?)"},
		"mock output":     {one("") + "mocks: [{ uses: user/find, output: { rawResponse: 3 } }]\n", "9:36: mock: the output schema of `user/find` refuses this: "},
		"mock when":       {one("") + "mocks: [{ uses: user/find, when: input.usrname == 'x', error: NOT_FOUND }]\n", "9:40: unknown-field"},
		"mock without":    {one("") + "mocks: [{ uses: user/find }]\n", "9:9: mock: a mock has one of"},
		"edge":            {one("") + "uncovered: { look.catch.NOTFOUND: because }\n", "9:14: unknown-edge: `door` has no edge `look.catch.NOTFOUND` (did you mean `look.catch.NOT_FOUND`?)"},
		"no yaml":         {"schema: [", "1:10: yaml-syntax"},
		"the flow itself": {strings.Replace(one(""), "flow: door", "flow: broken", 1), "broken.yaml:5:30: unknown-target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, nil)
			find := o.Source
			o.Source = func(id string) (string, []byte, error) {
				if id == "broken" {
					return "broken.yaml", []byte("schema: flow/v1\nid: broken\ntitle: Broken\nstart: a\nnodes: { a: { next: [{ then: b }] } }\n"), nil
				}
				return find(id)
			}
			s, problems, err := flowtest.Load("", []byte(tc.src), o)
			if err != nil || s != nil {
				t.Fatalf("the file was taken: %v", err)
			}
			for _, p := range problems {
				if strings.HasPrefix(p.String(), tc.want) {
					return
				}
			}
			t.Errorf("want %s", tc.want)
			for _, p := range problems {
				t.Errorf("got  %s", p)
			}
		})
	}
}

// TestSchemaAgrees holds the schema for editors to the parser: what a file may say stands
// in both.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema, err := connector.CompilePart(schemas.FlowTest())
	if err != nil {
		t.Fatal(err)
	}
	refuses := func(src string) bool {
		return schema.Validate(flows.ReadDocument("", []byte(src)).Root().JSON()) != nil
	}
	for _, good := range []string{
		one("{ see: otp, message: otp.invalid, expect: [true] }, { expect: sent.SMS == 0 }"),
		one("{ act: submit, form: { otp: '1' }, client: { webauthn: FULL, locale: de }, stale: true, refused: FORM_INVALID, fields: [otp] }"),
		one("{ again: true, refused: STALE_TOKEN }, { start: true, inputs: { a: 1 } }, { start: code, client: {}, refused: NOT_FOUND }, { cancel: true }"),
		one("{ clock: 31s }, { crash: true }, { crash: { after: check } }, { scan: =step.with.keyUri }, { policy: { email: { enabled: true } } }"),
		one("{ start: true, browser: b, request: { ip: 203.0.113.9, userAgent: x, origin: https://a.example } }, { act: submit, browser: b, request: {}, client: { deviceSession: '' } }"),
		one("{ passkey: create, options: x, key: k, origin: o, verify: false, lax: true, error: InvalidStateError, expect: true }, { passkey: get, options: {} }, { passkey: copy, key: k, as: l, error: X }"),
		one("{ pair: '1', phone: p, error: X }, { push: approve, number: 3, phone: p, error: X }, { push: approve, number: =step.with.number }, { push: deny, phone: p, error: X }"),
		one("{ qr: look, code: =step.with.uri, phone: p, error: X, expect: [true] }, { qr: claim, code: c }, { qr: approve, code: c }, { qr: deny, code: c }"),
		one("{ do: user/find, with: { username: x }, error: NOT_FOUND }, { end: failed, error: TIMEOUT }"),
		one("") + "mocks: [{ uses: user/find, when: call == 1, error: NOT_FOUND }, { uses: user/find, error: { code: NOT_FOUND } }]\nuncovered: { catch.else: nothing fails }\n",
		head + "  - { name: t, inputs: {}, client: {}, request: { ip: ::1 }, mocks: [], given: { policy: P0, users: { x: { password: p, email: e, phone: '1', name: { given: g }, mfaEnabled: true, enabled: false, unordered: true, devices: [{ type: SMS, phone: '1', nickname: n, status: ACTIVE, locked: true, blocked: true }, { type: FIDO2, key: k }, { type: MOBILE, phone: p }] } } }, steps: [] }\n",
	} {
		if refuses(good) {
			t.Errorf("the schema refuses\n%s", good)
		}
		if _, problems, err := flowtest.Load("", []byte(good), options(t, nil)); err != nil || problems != nil {
			t.Errorf("the parser refuses: %v %v\n%s", err, problems, good)
		}
	}
	for _, bad := range []string{
		"schema: flowtest/v1\nflow: door\n",
		one("{ sea: otp }"), one("{ see: otp, form: {} }"), one("{ see: otp, end: x }"), one("{}"), one("{ again: false }"), one("{ end: x, message: a.b }"),
		strings.Replace(one(""), "devices:", "device:", 1), strings.Replace(one(""), "email:", "mail:", 1),
		one("{ passkey: make, options: x }"), one("{ passkey: get }"), one("{ passkey: copy, key: k }"), one("{ passkey: copy, key: k, as: l, options: x }"), one("{ push: maybe }"),
		one("{ push: deny, number: 1 }"), one("{ qr: look }"), one("{ qr: scan, code: c }"), one("{ pair: x, key: k }"), one("{ act: submit, request: { address: x } }"), one("{ see: otp, browser: b }"),
		one("") + "mocks: [{ uses: user/find }]\n", one("") + "colour: red\n",
	} {
		if !refuses(bad) {
			t.Errorf("the schema takes\n%s", bad)
		}
		if _, problems, err := flowtest.Load("", []byte(bad), options(t, nil)); err != nil || problems == nil {
			t.Errorf("the parser takes: %v\n%s", err, bad)
		}
	}
}
