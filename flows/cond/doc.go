// Package cond is the expressions of flows: conditions, matches and values that begin
// with `=`. They are github.com/expr-lang/expr, less what could run long, plus has().
// Each is typed when its flow is loaded and bounded when it runs.
//
// What an expression may say:
//
//	literals     "text" 'text' `raw` 12 2.5 true false nil [1, 2] {name: value}
//	paths        vars.auth.status  x[0]  x[-1]  x["name"]  x?.y  x?.[0]
//	compare      == != < > <= >=   in   contains startsWith endsWith matches
//	combine      and or not (&& || !)   a ? b : c   a ?? b   + - * / % **
//	lists        len(x) first(x) last(x), and over a list of objects any all none one
//	             count find filter map: any(devices, .status == "ACTIVE"), map(devices, .type)
//	objects      keys(x) values(x), in the order of the names   "name" in x   has(x.y.z)
//	text         lower(s) upper(s) trim(s) trim(s, "-") len(s)
//	convert      int(x) float(x) string(x)
//	time         now(), written as PingOne writes timestamps: they compare as text
//
// In a predicate `.name` is a member of the item, and `.` alone is the item: any(types,
// . == "SMS"), rules[.]. A predicate may hold one more, where both are of the inner item.
// Everything else of expr is refused with a hint.
//
// # nil
//
// What may be missing is nil. ==, != and in take it, nil being equal only to nil; so do
// ?? and the result as a whole. Whatever else reads a value that may be missing needs
// `?.`, `??` or has(), or it is an issue at load. A check counts for what follows it:
// `has(x.y) and x.y.z > 1`, `x == nil or x.y`, `x != nil ? x.y : 0`.
// has(a.b.c) says that the whole path is there and not nil; it never fails.
//
// # Numbers
//
// There is one kind of number, as in JSON: 3 == 3.0, 7 / 2 is 3.5, 6 / 2 indexes a
// list. What is not finite is an error, so 1 / 0 ends the expression.
//
// # Limits
//
// A source has at most 4 KB, 64 nested brackets and 300 parts. A run spends a Budget of
// steps and bytes that all expressions of a step share: a counter stops it, never a
// clock, so it ends the same way each time. Patterns of matches are constants.
//
// The environment is plain data. An expression reaches nothing else: it can name no
// function, method or environment as a value. A result derived from a secret is secret;
// so is a list or an object that is written around one. A whole value that has secrets
// inside is not: WithoutSecrets takes them out where it leaves.
package cond
