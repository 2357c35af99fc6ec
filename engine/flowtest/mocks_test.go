package flowtest_test

import (
	"strings"
	"testing"
)

const someUser = `{ user: { id: =input.username, username: =input.username, enabled: true }, rawResponse: {} }`

func TestMocks(t *testing.T) {
	t.Parallel()
	passes(t, load(t, head+`
  - name: the file's answers
    steps:
      - { act: submit, form: { username: ben } }
      - { see: username, message: sign_on.invalid }
      - { act: submit, form: { username: ben } }
      - { see: otp }
  - name: the test's own comes first, with a computed output
    mocks:
      - { uses: user/find, when: input.username == "mock", output: `+someUser+` }
      - { uses: mfa/create-device-authentication, when: input.userId == "mock", error: UNAVAILABLE }
    steps:
      - { act: submit, form: { username: ben } }
      - { see: username, message: sign_on.invalid }
      - { act: submit, form: { username: mock } }
      - { end: failed, error: UNAVAILABLE, expect: '"begin" in error.path' }
  - name: an error with its details
    mocks: [{ uses: user/find, error: { code: UNAVAILABLE, message: gone, details: { since: today } } }]
    steps:
      - { act: submit, form: { username: ben } }
      - { end: failed, error: UNAVAILABLE, expect: error.message == "gone" and error.details.since == "today" }
mocks: [{ uses: user/find, when: call == 1, error: NOT_FOUND }]
`, options(t, nil)))
}

// TestMockRefusedAtRun holds that an answer computed against the schema breaks the test,
// also where the flow would route it as an error.
func TestMockRefusedAtRun(t *testing.T) {
	t.Parallel()
	got := failures(t, load(t, head+`
  - name: refused
    mocks: [{ uses: user/find, output: { user: =input.username, rawResponse: {} } }]
    steps: [{ act: submit, form: { username: ben } }, { end: failed }]
  - name: fails
    mocks: [{ uses: user/find, output: { user: { id: "=[1][call]" }, rawResponse: {} } }]
    steps: [{ act: submit, form: { username: ben } }, { end: failed }]
`, options(t, nil)))
	want := []string{
		"door.test.yaml:10:40: the output schema of `user/find` refuses what the mock answers: /user expected object, but got string",
		"door.test.yaml:13:40: the mock of `user/find` fails: ",
	}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}
