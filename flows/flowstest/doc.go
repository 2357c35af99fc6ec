// Package flowstest makes flows for tests of what reads flows: the loader, the engine,
// tools that draw. What it makes is YAML and parses; whether the loader accepts it is
// for the test to see. The same data makes the same flows, so a fuzzer may steer it.
package flowstest
