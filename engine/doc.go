// Package engine runs flows. The server is only a user of it; a Go program can be one
// too (see the Example).
//
// The life of an execution:
//
//  1. Parse and check: flows.Parse, flows.Check, for every flow that is deployed.
//  2. Compile: an immutable Program a flow; those that call each other form a Bundle.
//  3. Start: an execution pins the revisions of its bundle.
//  4. Step: walk from node to node until a screen, an outside call or an end.
//  5. Commit: execution, records of joined capabilities, outbox and audit in one unit
//     of work (store.DB.Update). Once a step has begun, whatever goes wrong in it
//     becomes a `catch` target or FAILED in the same unit.
//  6. Answer: the step with its one-time token.
//  7. Resume with token, action and form; GET changes nothing.
//  8. Finish, or expire by the timer record.
//
// A capability whose effects are not joined to the unit of work and cannot be repeated
// (x-effect probe or once) is called between two commits: the first says RUNNING and
// who runs it, the second takes its outcome. See external.go.
//
// Nothing here knows about MFA: capabilities come in through connector.Registry.
package engine
