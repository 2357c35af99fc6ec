package flowtest_test

import "testing"

// gate shows what it saw of the client, with the help of a mock.
const gate = `schema: flow/v1
id: gate
title: Gate
start: ask
nodes:
  ask: { show: username-password, next: { submit: check, cancel: out } }
  check:
    uses: user/check-password
    with: { username: "=request.ip + ' ' + request.userAgent + ' ' + request.origin", password: "=client?.deviceSession ?? 'none'" }
    next: out
    catch: { else: { then: ask, message: { key: sign_on.invalid, with: { seen: =error.message } } } }
  out: { end: canceled }
`

const gateHead = `schema: flowtest/v1
flow: gate
mocks: [{ uses: user/check-password, error: { code: INVALID_CREDENTIALS, message: "=(input.username ?? '') + ' ' + input.password" } }]
tests:
`

// TestBrowsers holds that a test can say from where an answer comes, and from whom.
func TestBrowsers(t *testing.T) {
	t.Parallel()
	o := options(t, nil)
	o.Source = func(string) (string, []byte, error) { return "gate.yaml", []byte(gate), nil }
	passes(t, load(t, gateHead+`
  - name: place
    request: { ip: 203.0.113.9 }
    steps:
      - { act: submit, form: { username: a, password: b } }
      - { expect: 'step.message.params.seen == "203.0.113.9 mfaflow test https://mfaflow.example none"' }
      - { act: submit, form: { username: c, password: b }, request: { userAgent: "=step.values.username", origin: https://a.example } }
      - { expect: 'step.message.params.seen == "203.0.113.9 a https://a.example none"' }
      - { act: submit, form: { username: d, password: b } }
      - { expect: 'step.message.params.seen == "203.0.113.9 mfaflow test https://mfaflow.example none"' }
      - { start: true }
      - { act: submit, form: { username: a, password: b }, client: { deviceSession: kept } }
      - { expect: 'step.message.params.seen == "192.0.2.1 mfaflow test https://mfaflow.example kept"' }
      - { act: submit, form: { username: b, password: b } }
      - { expect: 'step.message.params.seen endsWith " none"' }
  - name: browser
    steps:
      - { act: submit, form: { username: a, password: b }, browser: other, refused: NOT_FOUND }
      - { see: username-password, expect: step.message == nil }
      - { act: submit, form: { username: a, password: b } }
      - { see: username-password, message: sign_on.invalid }
      - { start: true, browser: other }
      - { act: submit, form: { username: a, password: b }, browser: third, refused: NOT_FOUND }
      - { act: cancel }
      - { end: canceled }
`, o))
	compare(t, failures(t, load(t, gateHead+`
  - { name: handle, steps: [{ act: cancel, browser: other }] }
  - { name: request, steps: [{ act: cancel, request: { ip: "=inbox[0].to" } }] }
  - { name: start, steps: [{ start: true, request: { ip: "=inbox[0].to" } }] }
`, o)), []string{"6:29: refused: NOT_FOUND (", "7:30: inbox[0].to: EXPRESSION_FAILED: ", "8:28: inbox[0].to: EXPRESSION_FAILED: "})
}
