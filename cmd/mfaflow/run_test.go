package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// talk is a `mfaflow run` that a test talks to as a person would: it types after it has
// read.
type talk struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.Reader
	text string // all that was printed
	read int    // up to here it was looked at
	errs strings.Builder
}

func startTalk(t *testing.T, dir string, args ...string) *talk {
	t.Helper()
	p := &talk{t: t, cmd: command(t, dir, append([]string{"run"}, args...)...)}
	p.cmd.Env = append(p.cmd.Env, "TMPDIR="+t.TempDir())
	p.cmd.Stderr = &p.errs
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.guard()
	return p
}

// guard ends the command with the test, or when it waits for what the test will not say.
func (p *talk) guard() {
	stuck := time.AfterFunc(2*time.Minute, func() { _ = p.cmd.Process.Kill() })
	p.t.Cleanup(func() {
		stuck.Stop()
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
}

// sees waits until the pattern is printed and returns its first group. What was printed
// before is not looked at again.
func (p *talk) sees(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for buffer := make([]byte, 4096); ; {
		if m := re.FindStringSubmatchIndex(p.text[p.read:]); m != nil {
			found := re.FindStringSubmatch(p.text[p.read:])
			p.read += m[1]
			return found[len(found)-1]
		}
		n, err := p.out.Read(buffer)
		p.text += string(buffer[:n])
		if err != nil && n == 0 {
			p.t.Fatalf("%q was not printed: %v\n%s%s", pattern, err, p.text, p.errs.String())
		}
	}
}

func (p *talk) types(lines ...string) {
	p.t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(p.in, l+"\n"); err != nil {
			p.t.Fatal(err)
		}
	}
}

// ends waits for the exit code and gives all that was printed. The temporary data are
// gone.
func (p *talk) ends(code int) string {
	p.t.Helper()
	_ = p.in.Close()
	rest, err := io.ReadAll(p.out)
	if err != nil {
		p.t.Fatal(err)
	}
	p.text += string(rest)
	_ = p.cmd.Wait()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Fatalf("exit %d, want %d\n%s%s", got, code, p.text, p.errs.String())
	}
	for _, e := range p.cmd.Env {
		if dir, ok := strings.CutPrefix(e, "TMPDIR="); ok && strings.HasPrefix(dir, os.TempDir()) {
			if left, _ := filepath.Glob(filepath.Join(dir, "mfaflow-run-*")); len(left) > 0 {
				p.t.Errorf("left behind: %v", left)
			}
		}
	}
	if strings.Contains(p.text, "\x1b") {
		p.t.Errorf("escapes outside a terminal: %q", p.text)
	}
	return p.text
}

func TestRunSignOn(t *testing.T) {
	t.Parallel()
	p := startTalk(t, t.TempDir(), "sign-on-and-mfa")
	p.sees(`demo user +demo / Demo-mfaflow-2026!`)
	p.sees(`== Sign on ==`)
	p.types("demo", "not it")
	p.sees(`! The username or password is not right\.`)
	p.sees(`Username \[demo\]: `)
	p.types("", demoPassword)
	first := p.sees(`inbox: EMAIL to demo@example\.com, code (\d{6})`)
	p.sees(`== Enter your code ==\n  device: EMAIL d\*+@example\.com`)
	p.types("12 34")
	p.sees(`! Code: `)
	p.types(wrong(first))
	p.sees(`! That code is not right\.`)
	p.types(":resend")
	second := p.sees(`code (\d{6})`)
	p.sees(`! We sent you a new code\.`)
	p.types(second)
	p.sees(`== COMPLETED: success ==`)
	p.sees(`outputs\.mfa: completed`)
	p.sees(`authenticated: user [0-9a-f-]{36}, amr .*otp`)
	out := p.ends(exitFine)
	if strings.Contains(strings.SplitN(out, "\n", 2)[1], demoPassword) {
		t.Errorf("the password is printed again:\n%s", out)
	}
}

// TestRunUnread: when nobody reads on, the command ends and takes its data with it.
func TestRunUnread(t *testing.T) {
	t.Parallel()
	p := startTalk(t, t.TempDir(), "sign-on-and-mfa")
	p.sees(`Username: `)
	out := p.out
	if err := out.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	p.types("demo")
	p.out = strings.NewReader("")
	p.ends(exitProblems)
}

func TestRunEndsEarly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startTalk(t, dir, "sign-on-and-mfa")
	p.types("demo", ":nonsense", ":cancel")
	p.sees(`! there is no :nonsense here, only :submit :cancel`)
	p.sees(`== CANCELED: canceled ==`)
	p.ends(exitProblems)

	p = startTalk(t, dir, "sign-on-and-mfa", "--save-test", "cut.test.yaml")
	p.types("demo")
	p.sees(`Password: `)
	if out := p.ends(exitProblems); !strings.Contains(out, "the input has ended") || !strings.Contains(out, "CANCELED") {
		t.Errorf("at the end of the input:\n%s", out)
	}
	saved, err := os.ReadFile(filepath.Join(dir, "cut.test.yaml"))
	if want := "- { see: username-password }\n      - { cancel: true }\n      - { end: canceled }\n"; err != nil || !strings.HasSuffix(string(saved), want) {
		t.Errorf("saved: %v\n%s", err, saved)
	}
	passes(t, dir, "cut.test.yaml")

	p = startTalk(t, dir, "sign-on-and-mfa")
	p.sees(`Username: `)
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.sees(`== CANCELED: canceled ==`)
	p.ends(exitProblems)
}

// everyField has a field of every kind, and a list to choose from.
const everyField = `schema: flow/v1
id: every-field
title: "Every field: 1"
start: ask
inputs:
  userId: { type: string, default: nobody }
  count: { type: integer, default: 1 }
  ratio: { type: number, default: 1 }
  loud: { type: boolean, default: false }
  tags: { type: array, items: { type: string }, default: [] }
catch: { else: failed }
nodes:
  ask:
    show: every-field
    with:
      devices: [{ id: d-1, type: SMS, phone: "+1 *** 55" }, { id: d-2, type: EMAIL, nickname: "Wo\e[31mrk" }]
      remarks: [one, two]
      triesLeft: =inputs.count
    next: { submit: told, other: told, skip: skipped }
  told:
    call: helper
    with: { text: =nodes.ask.form.colour }
    next: { said: good }
  good:
    end: success
    outputs:
      colour: =nodes.ask.form.colour
      loud: =nodes.ask.form.loud
      size: =nodes.ask.form.size
      deviceId: =nodes.ask.form.deviceId
      word: =nodes.ask.form.word
      list: =nodes.ask.form.list
      inputs: =inputs
  skipped: { end: skipped }
  failed: { end: failed, error: NO_LUCK }
screens:
  every-field:
    title: Fields
    with: { devices: { type: array, items: { type: object, additionalProperties: true } }, remarks: { type: array, items: { type: string } }, triesLeft: { type: integer } }
    form:
      type: object
      required: [colour, loud, size, deviceId, word]
      properties:
        colour: { type: string, title: Colour, enum: [red, blue] }
        loud: { type: boolean, title: Loud, default: true }
        size: { type: integer, title: Size, minimum: 3 }
        deviceId: { type: string, title: Device, maxLength: 100 }
        word: { type: string, title: Word, maxLength: 20 }
        pin: { type: string, title: PIN, secret: true, maxLength: 20 }
        list: { type: array, items: { type: string } }
        note: { type: string }
    actions: { submit: { title: Go }, other: { title: Otherwise }, skip: { title: Not now, form: false } }
`

const helperFlow = `schema: flow/v1
id: helper
title: Helper
start: say
inputs: { text: { type: string } }
nodes:
  say:
    show: message
    with: { text: =inputs.text }
    next: { continue: said }
  said: { end: said }
`

func TestRunFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "every.yaml", everyField)
	write(t, dir, "helper.yaml", helperFlow)
	write(t, dir, "unrelated.yaml", "not: a flow")
	p := startTalk(t, dir, "every.yaml", "--user", "demo", "--save-test", "every.test.yaml", "--input", "count=7",
		"--input", "ratio=0.5", "--input", "loud=true", "--input", `tags=["a","b"]`)
	p.sees(`== Fields ==\n  remarks:\n {4}1\. one\n {4}2\. two\n  tries left: 7\n  or :other \(Otherwise\) :skip \(Not now\)\n`)
	p.sees(` {4}1\. red\n {4}2\. blue\nColour: `)
	p.types("3")
	p.sees(`! Colour: type a number from 1 to 2`)
	p.types("2")
	p.sees(`Loud \(y/n\) \[y\]: `)
	p.types("")
	p.sees(`Size: `)
	p.types("many")
	p.sees(`! Size: type a whole number`)
	p.types("2")
	p.sees(` {4}1\. SMS \+1 \*\*\* 55\n {4}2\. Wo\\x1b\[31mrk EMAIL\nDevice: `)
	p.types("2", "::word", ":other")
	p.sees(`list \(optional\): `)
	p.types("[1", `["=x"]`, "", "secret")
	p.sees(`! list: type it as JSON`)
	p.sees(`! Size: must be >= 3`)
	p.sees(`Colour \[2\]: `)
	p.types("red", "n", "3", "", "=1+1", `["=x"]`, "", "a pin", "")
	p.sees(`== Please note ==\n  red\n {4}1\. Continue\nChoose \[1\]: `)
	out := p.ends(exitFine)
	for _, line := range []string{
		"outputs.colour: red", "outputs.deviceId: d-2", "outputs.list: =x", "outputs.loud: false", "outputs.size: 3", "outputs.word: =1+1",
		"outputs.inputs: count: 7, loud: true, ratio: 0.5, tags: a, b, user id: ",
		"the walk is in every.test.yaml",
	} {
		if !strings.Contains(out, "  "+line) {
			t.Errorf("%q is not at the end of\n%s", line, out)
		}
	}
	saved, err := os.ReadFile(filepath.Join(dir, "every.test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, tests, _ := strings.Cut(string(saved), "    demo: { devices")
	want := `: [{ email: "demo@example.com", type: EMAIL }], email: "demo@example.com", mfaEnabled: true, password: "Demo-mfaflow-2026!" }
tests:
  - name: "Every field: 1"
    inputs: { count: 7, loud: true, ratio: 0.5, tags: [a, b], userId: "=users.demo.id" }
    client: { webauthn: NONE }
    steps:
      - { see: every-field }
      - { act: other, form: { colour: red, deviceId: "=step.with.devices[1].id", list: ["='=x'"], loud: false, pin: "a pin", size: 3, word: "='=1+1'" } }
      - { see: message }
      - { act: continue }
      - { end: success }
`
	if diff := cmp.Diff(want, tests); diff != "" {
		t.Error(diff)
	}
	passes(t, dir, "every.test.yaml")
}

// passes runs a saved walk as a test.
func passes(t *testing.T, dir, file string) {
	t.Helper()
	if code, out, errs := cli(t, dir, "test", file); code != exitFine || !strings.Contains(out, "1 passed, 0 failed") {
		saved, err := os.ReadFile(filepath.Join(dir, file))
		t.Errorf("mfaflow test: exit %d\n%s%s\n%s%v", code, out, errs, saved, err)
	}
}

// TestRunSaves: what was walked passes as a test, with codes that are others each time,
// and a device that locks in the way it did.
func TestRunSaves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startTalk(t, dir, "sign-on-and-mfa", "--save-test", "walk.test.yaml", "--input", "mfaOff=skip")
	p.types("demo", "= wrong", "", demoPassword)
	first := p.sees(`code (\d{6})\n`)
	p.types(wrong(first), "nonsense", ":resend")
	second := p.sees(`code (\d{6})\n`)
	p.types(wrong(second), wrong(second))
	p.sees(`! Too many wrong codes`)
	p.types("1")
	p.types(p.sees(`code (\d{6})\n`))
	p.ends(exitFine)
	passes(t, dir, "walk.test.yaml")
	saved, err := os.ReadFile(filepath.Join(dir, "walk.test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`- name: "PingOne - Sign on and MFA"`, `inputs: { mfaOff: skip }`,
		`- { act: submit, form: { password: "='= wrong'", username: demo } }`,
		`- { see: username-password, message: sign_on.invalid }`,
		`- { see: otp, expect: "sent.EMAIL == 1" }`,
		`- { see: device-list, message: device.locked }`,
		`- { act: submit, form: { deviceId: "=step.with.devices[0].id" } }`,
		`- { act: submit, form: { otp: "=inbox[0].code" } }`,
	} {
		if !strings.Contains(string(saved), line) {
			t.Errorf("%s is not in\n%s", line, saved)
		}
	}
}

// TestRunWaits: a step that times out and one that polls go on by themselves, with a
// prompt open.
func TestRunWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "wait.yaml", `schema: flow/v1
id: wait
title: Wait
start: hurry
catch: { else: over }
nodes:
  hurry:
    show: username
    timeout: 1s
    next: { submit: over, cancel: over, timeout: phone }
  phone:
    show: push-wait
    poll: { uses: user/find, with: { username: demo }, every: 1s, until: out.user.username == "demo" }
    next: { done: approved, use_code: over, change_device: over, cancel: over }
  approved: { end: success }
  over: { end: failed }
`)
	p := startTalk(t, dir, "wait.yaml", "--save-test", "wait.test.yaml")
	p.sees(`Username: \n! this took too long\n`)
	p.sees(`== Approve on your phone ==\n {4}1\. Use a code instead\n {4}2\. Use another device\n {4}3\. Cancel\nChoose \[wait\]: `)
	p.types("9", ":wait")
	p.sees(`! type a number from 1 to 3`)
	p.sees(`== COMPLETED: success ==`)
	p.ends(exitFine)
	saved, err := os.ReadFile(filepath.Join(dir, "wait.test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	steps := string(saved[strings.Index(string(saved), "    steps:\n"):])
	want := `    steps:
      - { see: username }
      - { clock: "2s" }
      - { see: push-wait }
      - { act: poll }
      - { end: success }
`
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
	passes(t, dir, "wait.test.yaml")
}

func TestRunUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "every.yaml", everyField)
	write(t, dir, "helper.yaml", helperFlow)
	write(t, dir, "lonely.yaml", strings.Replace(everyField, "call: helper", "call: nobody", 1))
	write(t, dir, "there.test.yaml", "")
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "needs a flow"},
		{[]string{"sign-on-and-mfa", "more"}, exitUsage, "one flow"},
		{[]string{"nowhere"}, exitUsage, "the templates are "},
		{[]string{"sign-on-and-mfa", "-o", "xml"}, exitUsage, `-o is "xml"`},
		{[]string{"sign-on-and-mfa", "--input", "colour=red"}, exitUsage, "the flow has no input \"colour\"\nthe inputs of sign-on-and-mfa are\n  enrolment: string, one of required | optional, default required. For users without a device\n"},
		{[]string{"sign-on-and-mfa", "--input", "enrolment"}, exitUsage, "want NAME=VALUE"},
		{[]string{"sign-on-and-mfa", "--input", "enrolment=never"}, exitUsage, "\n  enrolment: value must be one of"},
		{[]string{"sign-on-and-mfa", "--user", "demo"}, exitUsage, "takes no userId"},
		{[]string{"every.yaml", "--user", "ben"}, exitUsage, `no user "ben"`},
		{[]string{"every.yaml", "--input", "count=many"}, exitUsage, `"many" is not integer`},
		{[]string{"every.yaml", "--input", "loud=loud"}, exitUsage, `"loud" is not boolean`},
		{[]string{"every.yaml", "--input", "count=1", "--input", "count=2"}, exitUsage, "twice"},
		{[]string{"every.yaml", "--save-test", "there.test.yaml"}, exitUsage, "is there"},
		{[]string{"lonely.yaml"}, exitProblems, "lonely.yaml:21:11: error: "},
	} {
		code, out, errs := cli(t, dir, append([]string{"run"}, tc.args...)...)
		if code != tc.code || !strings.Contains(errs, tc.says) || out != "" {
			t.Errorf("mfaflow run %v: exit %d, want %d and %q\n%s%s", tc.args, code, tc.code, tc.says, out, errs)
		}
	}
}

func TestRunJSON(t *testing.T) {
	t.Parallel()
	p := startTalk(t, t.TempDir(), "sign-on-and-mfa", "-o", "json")
	p.types("demo", demoPassword)
	code := p.sees(`"inbox":\{"channel":"EMAIL","code":"(\d{6})"`)
	p.types("none", code)
	out := p.ends(exitFine)
	var kinds []string
	var last engine.Execution
	for line := range strings.Lines(out) {
		var o map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v in the line %s", err, line)
		}
		for _, kind := range []string{"user", "inbox", "problem", "step", "result"} {
			if o[kind] != nil {
				kinds = append(kinds, kind)
			}
		}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"user", "step", "inbox", "step", "problem", "result"}; !slices.Equal(kinds, want) {
		t.Errorf("lines %v, want %v:\n%s", kinds, want, out)
	}
	if last.Status != engine.Completed || last.Handle != "" {
		t.Errorf("the last line: %+v", last)
	}
}

// TestRunTOTP holds the app's codes to RFC 6238, appendix B, and the record to them.
func TestRunTOTP(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	a, ok := readTOTP("otpauth://totp/x?digits=8&secret=" + secret)
	if !ok {
		t.Fatal("the URI is not read")
	}
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 20000000000: "65353130"} {
		if got := a.code(at / 30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	r := newRecord(&flows.Flow{}, nil, &mailbox{})
	uri := "otpauth://totp/mfaflow:demo?secret=" + secret
	r.see(&engine.Step{Screen: "totp-setup", With: map[string]any{"keyUri": uri, "secret": secret}})
	r.see(&engine.Step{Screen: "totp-setup", With: map[string]any{"keyUri": uri}})
	now := time.Now().Unix() / 30
	f := &field{secret: true}
	for _, code := range []string{r.apps[0].code(now), r.apps[0].code(now + 2), "12345"} {
		r.add(pair{"form", r.value(f, code)})
	}
	want := []string{"- { see: totp-setup }", `- { scan: "=step.with.keyUri" }`, "- { see: totp-setup }",
		`- { form: "=app[0].code" }`, `- { clock: "1m0s" }`, `- { form: "=app[0].code" }`, `- { form: "12345" }`}
	if diff := cmp.Diff(want, r.steps); diff != "" {
		t.Error(diff)
	}
}

// TestRunWritesYAML: whatever is typed is read from the saved test as it was.
func TestRunWritesYAML(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[ -~]{1,5}`).Draw(t, "key")
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"yes", "1e3", "0x1", "a: b", "a #b", "=x", "~", "null", "\u2028", "\u0085"})).Draw(t, "text")
		want := map[string]any{"v": map[string]any{key: text, "list": []any{text, true, 1.5}}}
		got, problems := flows.ReadYAML("x.yaml", []byte("v: "+yamlOf(want["v"])+"\n"))
		if len(problems) > 0 {
			t.Fatalf("%v in %s", problems, yamlOf(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
