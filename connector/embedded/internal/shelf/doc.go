// Package shelf keeps the named resources of one kind that an environment has: a record
// each, and one index record that knows their names and which of them is the default.
package shelf
