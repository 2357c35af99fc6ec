package schemas

import (
	_ "embed"
	"slices"
)

//go:embed flowtest.schema.json
var flowTest []byte

// FlowTest returns the JSON Schema (2020-12) of flow test files, for editors. The bytes
// are the caller's.
func FlowTest() []byte { return slices.Clone(flowTest) }
