package flowtest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/engine/flowtest"
)

// A Go program runs flow tests with a world of its choice; `mfaflow test` is one.
func Example() {
	flow := []byte(`
schema: flow/v1
id: hello
title: Hello
start: ask
nodes:
  ask: { show: username, next: { submit: find, cancel: canceled } }
  find:
    uses: user/find
    with: { username: =nodes.ask.form.username }
    next: known
    catch: { NOT_FOUND: stranger, else: canceled }
  known: { end: known }
  stranger: { end: stranger }
  canceled: { end: canceled }
`)
	tests := []byte(`
schema: flowtest/v1
flow: hello
given: { users: { ben: {} } }
tests:
  - name: somebody
    steps: [{ act: submit, form: { username: ben } }, { end: known }]
  - name: nobody
    steps: [{ act: submit, form: { username: eve } }, { end: known }]
`)
	ctx := context.Background()
	caps, err := connector.NewRegistry(capabilities.All(capabilities.Deps{Joined: true})...)
	check(err)
	suite, problems, err := flowtest.Load("hello.test.yaml", tests, flowtest.Options{
		Capabilities: caps,
		Source:       func(string) (string, []byte, error) { return "hello.yaml", flow, nil },
		Lab: func(ctx context.Context, g flowtest.Given) (*flowtest.Lab, error) {
			w, err := sim.New(ctx, sim.Options{Seed: g.Test})
			if err != nil {
				return nil, err
			}
			return labOf(w), nil
		},
	})
	check(err)
	fmt.Println("problems:", len(problems))
	for _, test := range suite.Tests() {
		result, err := suite.Run(ctx, test)
		check(err)
		fmt.Println(result.Test, "passed:", result.Passed)
		for _, f := range result.Failures {
			fmt.Printf("%s:%d:%d: %s\n", f.File, f.Line, f.Column, f.Text)
		}
	}
	for _, c := range suite.Coverage() {
		fmt.Printf("%d/%d edges\n", c.Covered, c.Edges)
	}
	// Output:
	// problems: 0
	// somebody passed: true
	// nobody passed: false
	// hello.test.yaml:9:62: expected the end `known`, saw the end `stranger`
	// 3/5 edges
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
