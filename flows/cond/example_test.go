package cond_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// environment is what a flow's loader builds from the schemas of inputs and outputs.
func environment() *cond.Type {
	return cond.FromSchema(map[string]any{
		"type": "object", "required": []any{"inputs", "out"},
		"properties": map[string]any{
			"inputs": map[string]any{"type": "object", "properties": map[string]any{"policyId": map[string]any{"type": "string"}}},
			"out": map[string]any{"type": "object", "required": []any{"devices"}, "properties": map[string]any{
				"devices": map[string]any{"type": "array", "items": map[string]any{
					"type": "object", "required": []any{"id", "status"},
					"properties": map[string]any{
						"id":       map[string]any{"type": "string"},
						"status":   map[string]any{"enum": []any{"ACTIVE", "ACTIVATION_REQUIRED"}},
						"nickname": map[string]any{"type": "string"},
					},
				}},
			}},
		},
	})
}

func Example() {
	env := map[string]any{
		"inputs": map[string]any{},
		"out": map[string]any{"devices": []any{
			map[string]any{"id": "d1", "status": "ACTIVE"},
			map[string]any{"id": "d2", "status": "ACTIVATION_REQUIRED", "nickname": "Work"},
		}},
	}
	budget := cond.NewBudget(cond.DefaultLimits, time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC))
	for _, src := range []string{
		`len(out.devices) > 0`,
		`any(out.devices, .status == "ACTIVE")`,
		`find(out.devices, .id == "d2")?.nickname ?? "no name"`,
		`has(inputs.policyId) and inputs.policyId startsWith "p"`,
		`inputs.policyId == nil ? "default" : inputs.policyId`,
		`{count: len(out.devices), first: first(out.devices)?.id}`,
		`out.devices[1].nickname in ["Work", "Home"]`,
		`now() < "2027"`,
	} {
		program, issues := cond.Compile(src, environment(), cond.WantAny)
		if program == nil {
			log.Fatal(issues)
		}
		result, err := program.Run(env, budget)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-56s %v\n", src, result)
	}
	// Output:
	// len(out.devices) > 0                                     true
	// any(out.devices, .status == "ACTIVE")                    true
	// find(out.devices, .id == "d2")?.nickname ?? "no name"    Work
	// has(inputs.policyId) and inputs.policyId startsWith "p"  false
	// inputs.policyId == nil ? "default" : inputs.policyId     default
	// {count: len(out.devices), first: first(out.devices)?.id} map[count:2 first:d1]
	// out.devices[1].nickname in ["Work", "Home"]              true
	// now() < "2027"                                           true
}

func ExampleCompile_issues() {
	for _, src := range []string{
		`out.devices > 0`,
		`any(out.devices, .state == "ACTIVE")`,
		`any(out.devices, .status == "ACTIV")`,
		`len(inputs.policyId) > 3`,
		`reduce(out.devices, .id)`,
	} {
		_, issues := cond.Compile(src, environment(), cond.WantBool)
		for _, i := range issues {
			fmt.Printf("%s\n%s^ %s: %s\n", src, strings.Repeat(" ", i.Offset), i.Rule, i.Text)
			if i.Hint != "" {
				fmt.Println("  hint:", i.Hint)
			}
		}
	}
	// Output:
	// out.devices > 0
	//             ^ wrong-type: out.devices is a list of objects
	//   hint: did you mean len(out.devices) > 0
	// any(out.devices, .state == "ACTIVE")
	//                   ^ unknown-field: the item has no member state in its schema; did you mean status?
	//   hint: its members are id, nickname, status; others pass through but cannot be named in a typed expression
	// any(out.devices, .status == "ACTIV")
	//                             ^ unknown-value: .status is never "ACTIV"; did you mean ACTIVE?
	//   hint: the known values are "ACTIVE", "ACTIVATION_REQUIRED"
	// len(inputs.policyId) > 3
	//            ^ optional-read: inputs.policyId may be missing (the schema does not require it), and len needs a value
	//   hint: write (inputs.policyId ?? ""), or check has(inputs.policyId) first
	// reduce(out.devices, .id)
	// ^ expr-not-allowed: the function reduce is not part of the language
	//   hint: ask with any, all, count, find or filter
}
