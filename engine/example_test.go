package engine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// A Go program runs a flow in process, with a capability of its own.
func Example() {
	greet := connector.Capability{
		ID: "demo/greet",
		Schema: []byte(`{"title": "Greet", "x-effect": "read", "properties": {
			"input":  {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
			"output": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}`),
		Run: func(_ context.Context, call connector.Call) connector.Outcome {
			return connector.Complete{Output: map[string]any{"text": "Hello, " + call.Input["name"].(string)}}
		},
	}
	flow := []byte(`
schema: flow/v1
id: hello
title: Hello
start: greet
inputs: { name: { type: string, required: true } }
nodes:
  greet: { uses: demo/greet, with: { name: =inputs.name }, next: done }
  done: { end: success, outputs: { text: =nodes.greet.text } }
`)
	ctx := context.Background()
	db, err := store.Open(ctx, memory.New(), store.Options{Key: make([]byte, 32)})
	check(err)
	capabilities, err := connector.NewRegistry(greet)
	check(err)
	runner, err := engine.New(engine.Options{DB: db, Capabilities: capabilities})
	check(err)
	_, err = runner.Catalog().Put(ctx, "hello", flow, true)
	check(err)
	execution, err := runner.Start(ctx, engine.StartRequest{Flow: "hello", Manager: true, Inputs: map[string]any{"name": "Ben"}})
	check(err)
	fmt.Println(execution.Status, execution.Outputs["text"])
	// Output: COMPLETED Hello, Ben
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
