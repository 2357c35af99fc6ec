package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// flowOf makes a flow of nodes written at indentation two.
func flowOf(nodes string) []byte {
	return []byte("schema: flow/v1\nid: one\nstart: ask\nnodes:\n" + strings.TrimPrefix(nodes, "\n"))
}

const signOn = `
  ask:
    show: username-password
    next: { submit: check, cancel: gone }
  check:
    uses: user/check-password
    with: { username: =nodes.ask.form.username, password: =nodes.ask.form.password }
    next: AFTER
    catch: { UNAVAILABLE: gone }
  gone: { end: canceled }
`

// TestFlowsThatAreRight holds the loader to what it must not refuse.
func TestFlowsThatAreRight(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string]string{
		"outputs of a call behind its outcome": `
  ask:
    call: child
    with: { userId: u1 }
    next: { enrolled: done }
  done: { end: canceled, outputs: { deviceId: =upper(nodes.ask.outputs.deviceId) } }
`,
		"a form behind the action that sends it": strings.ReplaceAll(signOn, "AFTER", "done") + "  done: { end: success, outputs: { name: =upper(nodes.ask.form.username) } }\n",
		"the error behind a catch edge": strings.ReplaceAll(strings.Replace(signOn, "UNAVAILABLE: gone", "else: refused", 1), "AFTER", "gone") + `
  refused: { end: failed, error: "={code: error.code, message: error.message ?? ''}" }
`,
		"a secret given on in the step that has it": strings.ReplaceAll(signOn, "AFTER", "again") + `  again:
    uses: user/check-password
    with: { username: =nodes.ask.form.username, password: =nodes.ask.form.password }
    next: gone
`,
		"an optional read with a fallback": strings.ReplaceAll(signOn, "AFTER", "pick") + `  pick:
    match: nodes.check.user.name?.given ?? "none"
    next: { none: gone, else: gone }
`,
		"when with an equals sign, else for a call, a target for all": `
  ask:
    call: child
    with: { userId: u1, optional: true }
    next: { else: pick }
  pick:
    next:
      - when: =client.webauthn == "FULL"
        then: say
      - then: say
  say:
    show: message
    with: { text: "='=='" }
    next: done
  done: { end: canceled }
`,
		"variables computed from each other": `
  ask:
    set: { tries: "=(vars.tries ?? 0) + 1", text: a }
    next: again
  again:
    next:
      - when: vars.tries > 3
        then: done
      - then: ask
  done: { end: canceled, outputs: { tries: =vars.tries } }
`,
		"booleans and integers to match": `
  ask:
    match: len(inputs)
    next: { 0: pick, 1: pick, else: done }
  pick:
    match: has(error)
    next: { true: done, false: done, else: done }
  done: { end: canceled }
`,
		"a narrowed action needs no route": `
  ask:
    show: nickname
    actions: { skip: false, cancel: =len(inputs) > 0 }
    next: { submit: done, cancel: done }
  done: { end: canceled }
`,
		"a poll with its outcome": strings.ReplaceAll(signOn, "AFTER", "auth") + `  auth:
    uses: mfa/create-device-authentication
    with: { userId: =nodes.check.user.id }
    save: auth
    next: wait
  wait:
    show: push-wait
    poll:
      uses: mfa/read-device-authentication
      with: { deviceAuthenticationId: =vars.auth.id }
      every: 2s
      until: out.rawResponse.status != "PUSH_CONFIRMATION_REQUIRED"
      save: auth
    next: { done: gone, use_code: gone, change_device: gone, cancel: gone }
`,
		"configuration, request and the flow itself": `
  ask: { end: canceled, outputs: { a: =env.SUPPORT_URL, b: =request.ip, c: =flow.id, d: =now() } }
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := load(t, "", flowOf(nodes))
			for _, p := range problems {
				t.Errorf("%s\n%s", p, p.Snippet)
			}
		})
	}
}

// TestFlowsThatAreWrong adds cases to the fixtures that pin one problem each.
func TestFlowsThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ nodes, want string }{
		"outputs that only one way has": {`
  ask:
    call: child
    with: { userId: u1 }
    next: { enrolled: done }
    catch: { else: done }
  done: { end: canceled, outputs: { deviceId: =nodes.ask.outputs.deviceId } }
`, "maybe-unset 10:54"},
		"a timeout sends no form": {`
  ask:
    show: username
    timeout: 5m
    next: { submit: done, cancel: done, timeout: done }
  done: { end: canceled, outputs: { name: =nodes.ask.form.username } }
`, "optional-read 9:54"},
		"a secret in a variable": {`
  ask:
    show: password
    next: { submit: keep, cancel: gone }
  keep:
    set: { word: =nodes.ask.form.password }
    next: gone
  gone: { end: canceled }
`, "secret-outlives-step 9:19"},
		"a secret across a call": {strings.ReplaceAll(strings.Replace(signOn, "submit: check", "submit: sub", 1), "AFTER", "gone") + `  sub:
    call: child
    with: { userId: =nodes.ask.form.username }
    next: { enrolled: check }
`, "secret-outlives-step 10:60"},
		"a member of a node that may have failed": {strings.ReplaceAll(strings.Replace(signOn, "UNAVAILABLE: gone", "else: refused", 1), "AFTER", "gone") + `
  refused: { end: failed, outputs: { a: "=nodes.check?.visits", b: "=nodes.check?.user?.id", c: "=nodes.check?.user.id" } }
`, "maybe-unset 15:112"},
		"a value of set reads another": {`
  ask:
    set: { a: 1, b: =vars.a + 1 }
    next: gone
  gone: { end: canceled }
`, "maybe-unset 6:27"},
		"out on a screen": {`
  ask:
    show: message
    set: { a: =out.action }
    next: { continue: gone }
  gone: { end: canceled }
`, "unknown-root 7:16"},
		"a node reads itself": {`
  ask:
    show: message
    with: { text: =nodes.ask.action }
    next: { continue: gone }
  gone: { end: canceled }
`, "maybe-unset 7:26"},
		"a value in a list inside": {strings.ReplaceAll(signOn, "AFTER", "devices") + `  devices:
    uses: mfa/read-all-devices
    with:
      userId: =nodes.check.user.id
      deviceTypes: [EMAIL, 7]
    next: gone
`, "input-refused 18:28"},
		"out where there is none": {`
  ask:
    next:
      - when: out.x == 1
        then: gone
      - then: gone
  gone: { end: canceled }
`, "unknown-root 7:15"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := load(t, "", flowOf(c.nodes))
			if diff := cmp.Diff(c.want, strings.Join(pins(problems), ", ")); diff != "" {
				for _, p := range problems {
					t.Logf("%s\n%s", p, p.Snippet)
				}
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckCompletesTheFlow(t *testing.T) {
	t.Parallel()
	f, problems := load(t, "design.yaml", read(t, "testdata/design.yaml"))
	if got := pins(problems); len(got) != 2 { // the flow it calls, and push in `else`
		t.Fatalf("problems: %v", problems)
	}
	auth, otp := f.Node("authenticate"), f.Node("otp")
	if auth.Capability == nil || auth.SaveMember != "rawResponse" {
		t.Errorf("authenticate: capability %v, member %q", auth.Capability, auth.SaveMember)
	}
	if otp.Screen == nil || len(otp.Actions) != 4 || otp.With[0].Value.Expr.Program == nil {
		t.Errorf("otp: screen %v, actions %v", otp.Screen, otp.Actions)
	}
	if diff := cmp.Diff([]string{"canceled", "failed", "success"}, f.Outcomes); diff != "" {
		t.Errorf("outcomes: %s", diff)
	}
	if f.InputType.Fields["policyId"].Absent == "" || f.InputType.Fields["enrolment"].Absent != "" {
		t.Errorf("inputs: %v", f.InputType.Fields)
	}
	if f.OutputTypes["success"].Fields["userId"].Type == nil {
		t.Error("success has no userId")
	}
}

func TestCheckAllFindsCircles(t *testing.T) {
	t.Parallel()
	calls := func(id, callee string) *flows.Flow {
		src := fmt.Sprintf("schema: flow/v1\nid: %s\nstart: a\nnodes:\n  a: { call: %s, next: { done: b } }\n  b: { end: done }\n", id, callee)
		f, problems := flows.Parse(id, []byte(src))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return f
	}
	problems := flows.CheckAll([]*flows.Flow{calls("one", "two"), calls("two", "three"), calls("three", "one")}, flows.Library{})
	var rules []string
	for _, p := range problems {
		rules = append(rules, p.File+" "+p.Rule)
	}
	if got := strings.Join(rules, ", "); !strings.Contains(got, "three recursion") {
		t.Errorf("no recursion: %s", got)
	}
	leaf, _ := flows.Parse("three", []byte("schema: flow/v1\nid: three\nstart: a\nnodes: { a: { end: done } }\n"))
	if got := flows.CheckAll([]*flows.Flow{calls("one", "two"), calls("two", "three"), leaf}, flows.Library{}); flows.HasErrors(got) {
		t.Errorf("a chain of calls is refused: %v", got)
	}
}
