// Package connector is the page a node author reads: what a capability is, what it
// returns, and how a set of them is put together. It imports nothing else of mfaflow.
//
// The life of a capability:
//
//  1. A schema file states its title, input, output, effect and error codes
//     (schemas/<connector>/<capability>.json).
//  2. A value of type Capability pairs that schema with a function.
//  3. NewRegistry compiles the schemas of an explicit list of capabilities and
//     refuses duplicates. A registry belongs to an engine, never to the process.
//  4. A flow names it: `uses: mfa/create-device`.
//  5. Entry.Run validates the input, calls the function, validates the output and
//     returns an Outcome. Panics come back as Fail{Code: INTERNAL}.
//  6. The engine routes, persists, retries. A capability does none of these.
package connector
