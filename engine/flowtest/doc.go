// Package flowtest runs flow tests: YAML files that stand beside flows, in which an
// author says what a person does, what they are shown, and what is true afterwards.
//
//	schema: flowtest/v1
//	flow: sign-on-and-mfa
//	given: { policy: P0, users: { ben: { password: "correct horse 9", devices: [{ type: EMAIL, email: ben@example.com }] } } }
//	tests:
//	  - name: T4.1 default device at once
//	    steps:
//	      - { act: submit, form: { username: ben, password: "correct horse 9" } }
//	      - { see: otp, expect: sent.EMAIL == 1 }
//	      - { act: submit, form: { otp: "=inbox[0].code" } }
//	      - { end: success, expect: outputs.userId == users.ben.id }
//
// Each test has a World of its own and begins with a start of the flow. Where a flow is
// right or wrong is decided by the real engine on a real store: the package adds no
// second opinion, only people.
//
// The policy at the start is P0: every method is on, the first device is asked, three wrong
// codes are too many. `given` may change it member by member (`policy: { email: … }`).
//
// In `given`, a FIDO2 device is on the authenticator called `key`, and a MOBILE device on
// the phone called `phone`; both have the user's name if the device does not say.
//
// # Steps
//
// A step does one thing; `expect` beside it is one expression or a list of them, judged
// afterwards.
//
//	see: SCREEN      the step shown; `message: KEY` demands that message
//	act: ACTION      answers it; `form`, and what is below about clients. `refused: CODE`
//	                 demands that the engine refuses (INVALID_ACTION, FORM_INVALID with
//	                 `fields: [name]`, …); `stale: true` answers with the token of the
//	                 step before
//	again: true      sends the last answer once more; it must have no effect
//	clock: 31s       moves the clock to each timer that is due, and then by the rest
//	crash: true      ends engine and store without a farewell and starts both again;
//	                 `crash: { after: NODE }` lets the next step die right after that node,
//	                 before its commit: nothing of it happened, and its answer got lost
//	start: true      begins another execution (or `start: FLOW`), with `inputs`, and what
//	                 is below about clients
//	cancel: true     cancels the execution
//	do: CAPABILITY   runs one beside the flow, `with` its input; `error: CODE` if it fails
//	policy: CHANGES  an administrator changes the policy, member by member
//	end: OUTCOME     the end reached, `expired` when the flow's time was over; `error: CODE`,
//	                 which must be said of an end that has one and is not called failed,
//	                 in a public flow and if it is called success
//	expect: EXPR     nothing else
//
// # Devices
//
// The person's devices act in steps of their own; what they answer is read in the form of
// the next `act`. A dialog that was dismissed, or a push that was ignored, needs no step.
//
//	scan: =step…     the authenticator app reads an otpauth:// URI
//	passkey: create  an authenticator makes a credential for `options`, as in
//	                 `options: =step.with.options`
//	passkey: get     it signs the challenge of `options`
//	passkey: copy    somebody clones the authenticator `key`; the clone is called `as`
//	pair: =step…     the mobile app claims a pairing key, typed or scanned
//	push: approve    or `deny`: the app answers the newest push, with the `number` chosen
//	qr: look         the app reads an authentication `code`, typed or scanned, and shows who
//	                 asks; `claim` also makes it this phone's; `approve` or `deny` answers
//	                 it, after a claim if there was none
//
// `key: NAME` is the authenticator; without it `create` takes the one at hand, and `get`
// the one that can sign and got a credential last. `origin` is that of the page if the
// step does not say; `verify: false` is an authenticator that cannot tell who holds it;
// `lax: true` is a browser that asks for neither, so that only the service can object.
// `phone: NAME` is the phone; without it the one at hand, or the one that has the push.
// `error: CODE` demands that the browser refuses (SecurityError, InvalidStateError,
// NotAllowedError), or the service what the app asks.
//
// # Clients
//
// `client` is what the client says of itself: webauthn, locale, deviceSession. `request` is
// what the server sees of it: ip, userAgent, origin; beside `start`, or beside the name of
// the test, it holds for the whole execution, beside `act` for that answer.
//
// The remember-me value of an answer stays in the browser that got it, and goes with each
// later start and act that says no `deviceSession` itself (`""` is none). `browser: NAME`
// does a start or act in another browser, which has neither that value nor the handle of
// an execution that it did not begin. What a browser begins it goes on with.
//
// # Expressions
//
// They are those of flows; values of `form`, `with`, `inputs`, `client` and `request`, and
// what devices read, are expressions if they begin with `=`. The roots:
//
//	step             node, screen, title, with, values, form, actions, message, expiresAt
//	outputs result error   of the end
//	inbox phone      messages, newest first: channel, to, subject, text, code, at. Mail
//	                 arrives in the inbox, everything else on the phone
//	sent             how many messages since the test began: EMAIL, SMS, VOICE, WHATSAPP, PUSH
//	app              accounts of the authenticator app, newest first: label, code
//	mobile           accounts of the mobile apps, newest first: phone, code
//	pushes           those that wait on the phones, newest first: phone, id, what is shown
//	qr               what the app showed of the code that it read last
//	passkey          attestation or assertion, and origin, of the last such step
//	users devices    by user name, as the back end shows them to an administrator
//	audit            events since the test began: type, user, result, resource, …
//	trace            of this execution: node (`parent.child`), event, capability, edge, …
//
// # Mocks
//
// A mock answers in place of a capability, with an output that its schema must take
// (`statusCode` and `headers` may be left out) or an error that it can have. The first
// mock whose `when` holds answers, a test's own before the file's; if none does, the
// capability runs. `when`, and expressions in the answer, read `input` and `call`: which
// call of the capability in this test it is, from 1.
//
// # Coverage
//
// Merge tells, for each flow, the edges (flows.Edge) that tests took. The member
// `uncovered` of a file names edges that no test can take, each with its reason.
package flowtest
