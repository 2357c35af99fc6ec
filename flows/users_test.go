package flows_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/flowstest"
)

// actOn writes a node that runs a capability on a user.
func actOn(t *testing.T, e *connector.Entry, user string) string {
	t.Helper()
	input, _ := e.Spec.User()
	with, _ := flowstest.Sample(flowstest.NewChoices([]byte(e.ID)), e.Spec.Input.Doc).(map[string]any)
	required, _ := e.Spec.Input.Doc["required"].([]any)
	var b strings.Builder
	fmt.Fprintf(&b, "  act:\n    uses: %s\n    with:\n      %s: %s\n", e.ID, input, user)
	for name, value := range with {
		if name != input && slices.Contains(required, any(name)) {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "      %s: %s\n", name, text)
		}
	}
	return b.String() + "    next: done\n"
}

const userHead = `schema: flow/v1
id: acts
title: Acts
public: true
start: %s
inputs: { theirs: { type: string, client: true, required: true }, managers: { type: string, required: true } }
nodes:
`

const userTail = `  ask: { show: username, next: { submit: find, cancel: canceled } }
  find:
    uses: user/find
    with: { username: =nodes.ask.form.username }
    next: act
    catch: { else: canceled }
  sign_on: { show: username-password, next: { submit: check, cancel: canceled } }
  check:
    uses: user/check-password
    with: { username: =nodes.sign_on.form.username, password: =nodes.sign_on.form.password }
    next: act
    catch: { else: canceled }
  done: { end: success }
  canceled: { end: canceled }
`

// TestNobodyWritesToAnUnprovenUser walks every capability whose schema says that it
// writes to a user: named by the client, typed, found by name, or another than the one who
// signed on, the flow is refused; named by the proof or by the manager, it is not.
func TestNobodyWritesToAnUnprovenUser(t *testing.T) {
	t.Parallel()
	writes := 0
	for _, e := range registry(t).All() {
		if _, use := e.Spec.User(); use != connector.UserWrites {
			continue
		}
		writes++
		for _, tc := range []struct {
			start, user string
			refused     bool
		}{
			{"act", "=inputs.theirs", true},
			{"act", "=inputs.managers", false},
			{"ask", "=nodes.find.user.id", true},
			{"ask", "=nodes.ask.form.username", true},
			{"sign_on", "=inputs.theirs", true},
			{"sign_on", "=nodes.sign_on.form.username", true},
			{"sign_on", "=nodes.check.user.id", false},
			{"sign_on", "=nodes.check.rawResponse.id", false},
			{"sign_on", "'=inputs.theirs == \"x\" ? nodes.check.user.id : inputs.theirs'", true},
			{"sign_on", "'=\"0\" + nodes.check.user.id'", true},
			{"act", "some-id", true},
		} {
			src := fmt.Sprintf(userHead, tc.start) + actOn(t, e, tc.user) + userTail
			_, problems := flows.Load("f.yaml", []byte(src), library(t))
			problems = slices.DeleteFunc(problems, func(p flows.Problem) bool {
				return p.Rule == "unreachable-node" || p.Rule == "no-authentication" || p.Rule == "unknown-field"
			})
			if got := slices.ContainsFunc(problems, func(p flows.Problem) bool { return p.Rule == "unproven-user" && p.Node == "act" }); got != tc.refused {
				t.Errorf("%s of %s from %s: refused %v, want %v: %v", e.ID, tc.user, tc.start, got, tc.refused, problems)
			}
			for _, p := range problems {
				if p.Rule != "unproven-user" {
					t.Errorf("%s of %s is refused for another reason: %s", e.ID, tc.user, p)
				}
			}
		}
	}
	if writes < 16 {
		t.Errorf("%d capabilities write to a user, want at least 16", writes)
	}
}

// TestNobodySeesAnUnprovenUser walks every capability that gives personal data of a user:
// shown on a screen, in a message or given back before a proof, the flow is refused; for
// routing alone it is not.
func TestNobodySeesAnUnprovenUser(t *testing.T) {
	t.Parallel()
	shows := 0
	for _, e := range registry(t).All() {
		if _, use := e.Spec.User(); use != connector.UserShows || e.ID == "user/find" {
			continue
		}
		shows++
		member := map[bool]string{true: "user.email", false: "devices"}[strings.HasPrefix(e.ID, "user/")]
		if e.ID == "mfa/read-device" {
			member = "device.nickname"
		}
		for shown, node := range map[string]string{
			"nothing": "  done: { end: success }",
			"output":  "  done: { end: success, outputs: { x: =nodes.act." + member + " } }",
			"error":   "  done: { end: failed, error: { code: X, x: =nodes.act." + member + " } }",
			"screen":  "  done: { show: seen, with: { x: =nodes.act." + member + " }, next: { go: canceled } }",
			"message": "  done: { next: [{ then: canceled, message: { key: seen.text, with: { x: =nodes.act." + member + " } } }] }",
			"later":   "  done: { set: { kept: =nodes.act." + member + " }, next: late }\n  late: { end: success, outputs: { x: =vars.kept } }",
		} {
			for user, proven := range map[string]bool{"=inputs.theirs": false, "=nodes.check.user.id": true} {
				start := map[bool]string{true: "sign_on", false: "act"}[proven]
				src := fmt.Sprintf(userHead, start) + actOn(t, e, user) + strings.Replace(userTail, "  done: { end: success }", node, 1) +
					"screens: { seen: { title: T, with: { x: { type: [string, array], items: { type: object, additionalProperties: true } } }, actions: { go: { title: Go } } } }\n" +
					"messages: { en: { seen.text: \"{x}\" } }\n"
				_, problems := flows.Load("f.yaml", []byte(src), library(t))
				want := !proven && shown != "nothing"
				if got := slices.ContainsFunc(problems, func(p flows.Problem) bool { return p.Rule == "unproven-user" }); got != want {
					t.Errorf("%s of %s, %s: refused %v, want %v: %v", e.ID, user, shown, got, want, problems)
				}
			}
		}
	}
	if shows < 5 {
		t.Errorf("%d capabilities show a user, want at least 5", shows)
	}
}
