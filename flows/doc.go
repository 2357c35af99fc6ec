// Package flows is the flow language: it reads YAML, proves what was read, formats and
// draws it. It knows nothing of running.
//
//  1. Parse reads a file into a Flow and reports problems of YAML, keys and shapes.
//  2. Check resolves names against a Library, follows every path from the start, types
//     every expression and completes the Flow. CheckAll does it for flows that call
//     each other.
//  3. A Flow without problems other than warnings is what the engine compiles.
//  4. Format, Mermaid, GraphOf and Schema serve authors.
//
// Both report all problems at once, sorted by place. Each Problem carries the code of a
// rule; Rules lists them with a sentence each. Codes are stable.
//
// # Text
//
// A value that starts with `=` is an expression, also between quotes; `when`, `match`
// and `until` always are, with or without `=`. The text `=a` is written `='=a'`. YAML is
// read by the core rules of 1.2: `yes` and 2024-01-01 are text, and numbers that tools
// read differently (0123, 1_000) are refused.
//
// # What a node leaves behind
//
// When a node is left by an edge of `next`, nodes.<id> becomes:
//
//   - uses: the documented output of the capability
//   - show: {action, form}: what the person did, and the fields of the form if the
//     action sends it (`form: true`, the default); neither after `timeout` and `done`
//   - call: {outcome, outputs}: the name of the end and what it gave back
//   - match, and nodes with only `next`: nothing
//
// and each of them has `visits`, how often the node was entered, unless the output has a
// member of that name. `out` is the same without visits; it exists for uses and call, in
// `set` and in the conditions of `next`, and in `until` of a poll, where it is the
// poll's output.
//
// Entering a node clears nodes.<id> but for visits. An edge of `catch` leaves it cleared
// and sets `error`, which stays. `save` and `set` write when the node has succeeded,
// `save` first; all values of `set` are computed before any is written. `save` of a poll
// writes when `until` holds. On a catch edge a variable of that node keeps its value or
// has the new one.
//
// Outputs of a call and the form of a screen are typed by the outcomes that can have led
// to a place: behind `enrolled: next_node` alone, all outputs of the end `enrolled` can
// be read plainly.
//
// A secret field of a form can be read until the next screen is shown or the next flow
// is called; after that a reference is refused (secret-outlives-step).
//
// # Secrets, and what leaves
//
// A member that a schema marks `secret: true` is a secret, and so is what an expression
// computes from it. Named, it may go only where a member is marked the same: an input of
// a capability or of a called flow, a member of a screen. A whole value that has secrets
// inside may go anywhere: variables keep them, sealed, and outputs, errors, messages,
// unmarked inputs and screens get the value without them (secret-left-out says so of
// outputs and errors). Where no schema names a member, one that is called secret,
// password, otp or the like is taken for one.
//
// A screen gets what its `with` declares, down to the leaves, and no more; `x-mask: email`
// and `x-mask: phone` mask a text. A member of which nothing is declared is refused
// (screen-undeclared) unless it says `additionalProperties: true`.
//
// `x-personal: true` marks names and addresses of people; inputs and fields called email,
// phone, username and the like are marked unless they say false. Trace, audit and log
// hold keyed hashes of them.
//
// # Routing
//
// A single target under `next` is taken on every outcome. Values of a match are compared
// as text: `true`, `1`. A node's `catch` comes before the flow's, `else` after named
// codes. An error while an end computes what it gives back goes to the flow's catch.
//
// An end of a called flow hands its error to the caller if it has an `error:` of its own,
// and always if it is `failed`: an end there without `error:` carries it on.
package flows
