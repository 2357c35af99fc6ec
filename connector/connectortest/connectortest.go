// Package connectortest replays fixtures against capabilities built over a pingone.API.
// A capability without a schema, a success and a failure does not pass.
//
// A fixture is a txtar archive DIR/<connector>/testdata/<name>/<case>.txtar:
//
//	A device is renamed.
//	-- input --
//	{"userId": "u1", "deviceId": "d1", "nickname": "Work phone"}
//	-- request --
//	{"method": "PUT", "path": "/users/u1/devices/d1/nickname", "body": {"nickname": "Work phone"}}
//	-- response --
//	{"status": 200, "body": {"nickname": "Work phone"}}
//	-- outcome --
//	{"complete": {"output": {…}}}
//
// Several requests are request.1, response.1, request.2 and so on; none means that the
// capability must not ask. A response may be {"error": "…"} instead: no answer came, and
// "timeout" is a deadline. Two sections are optional: connection, the Connection to
// build over, and recover, whose presence runs Recover instead of Run.
//
// The outcome is compared as JSON and written only with Update; one that is missing is
// a failure.
package connectortest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Suite is a set of capabilities with their fixtures.
type Suite struct {
	// Build makes the capabilities over api. It is called once for each fixture.
	Build func(api pingone.API, c Connection) []connector.Capability

	// Dir is the directory above <connector>/testdata.
	Dir string

	// Schemas are the ids that have a schema document: each needs a capability.
	Schemas []string

	// Update writes the outcomes instead of comparing them.
	Update bool
}

// Connection is what a fixture may say about the connection it runs over.
type Connection struct {
	PolicyID string `json:"policyId"`
	Joined   bool   `json:"joined"`
}

// Run replays every fixture as a parallel subtest and then checks that none is wanting.
func Run(t *testing.T, s Suite) {
	t.Helper()
	caps := s.Build(nil, Connection{})
	files, err := filepath.Glob(filepath.Join(s.Dir, "*", "testdata", "*", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(idOf(file)+"/"+filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			if err := s.replay(t.Context(), file); err != nil {
				t.Error(err)
			}
		})
	}
	if s.Update {
		return // outcomes are being written; the next run judges them
	}
	for _, problem := range s.wanting(caps, files) {
		t.Error(problem)
	}
}

// idOf is the capability that a fixture belongs to: DIR/mfa/testdata/x/y.txtar is mfa/x.
func idOf(file string) string {
	dir := filepath.Dir(file)
	return path.Join(filepath.Base(filepath.Dir(filepath.Dir(dir))), filepath.Base(dir))
}

// replay runs one fixture and returns how its outcome differs.
func (s Suite) replay(ctx context.Context, file string) error {
	f, err := readFixture(file)
	if err != nil {
		return err
	}
	api := &tape{exchanges: f.exchanges}
	entry, err := s.entry(idOf(file), api, f.connection)
	if err != nil {
		return err
	}
	run := entry.Run
	if f.recovers {
		run = entry.Recover
	}
	outcome := run(ctx, connector.Call{Input: f.input, Key: "key"})
	if err := api.finish(); err != nil {
		return err
	}
	if err := declared(entry, outcome); err != nil {
		return err
	}
	got := render(outcome)
	if s.Update {
		return f.write(file, got)
	}
	return f.compare(got)
}

// entry builds one capability over api.
func (s Suite) entry(id string, api pingone.API, c Connection) (*connector.Entry, error) {
	caps := s.Build(api, c)
	at := slices.IndexFunc(caps, func(c connector.Capability) bool { return c.ID == id })
	if at < 0 {
		return nil, fmt.Errorf("there is no capability %s", id)
	}
	registry, err := connector.NewRegistry(caps[at])
	if err != nil {
		return nil, fmt.Errorf("build the capability: %w", err)
	}
	entry, _ := registry.Lookup(id)
	return entry, nil
}

// engineCodes are what any capability may fail with.
var engineCodes = []string{
	connector.CodeInputInvalid, connector.CodeOutputInvalid, connector.CodeTimeout, connector.CodeUnavailable,
}

// declared refuses a code that neither the engine nor the schema's x-errors lists: a
// catch on it would be called a mistake.
func declared(e *connector.Entry, o connector.Outcome) error {
	fail, ok := o.(connector.Fail)
	if !ok || slices.Contains(engineCodes, fail.Code) || slices.Contains(e.Spec.Errors, fail.Code) {
		return nil
	}
	return fmt.Errorf("the code %s is not in the x-errors of %s: %w", fail.Code, e.ID, orUnknown(fail.Err))
}

// wanting lists capabilities without fixtures, fixtures without a success or a failure,
// and schemas without a capability.
func (s Suite) wanting(caps []connector.Capability, files []string) []string {
	var problems []string
	kinds := map[string]map[string]bool{}
	for _, file := range files {
		id := idOf(file)
		if kinds[id] == nil {
			kinds[id] = map[string]bool{}
		}
		kinds[id][kindOf(file)] = true
	}
	var ids []string
	for _, c := range caps {
		ids = append(ids, c.ID)
		for _, kind := range []string{"complete", "fail"} {
			if !kinds[c.ID][kind] {
				problems = append(problems, fmt.Sprintf("%s has no fixture that ends with %q", c.ID, kind))
			}
		}
		if len(c.Schema) == 0 {
			problems = append(problems, c.ID+" has no schema")
		}
	}
	for _, id := range s.Schemas {
		if !slices.Contains(ids, id) {
			problems = append(problems, id+" has a schema and no capability")
		}
	}
	return problems
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("no cause")
	}
	return err
}

// kindOf says how a fixture's written outcome ends; "" if it has none.
func kindOf(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return outcomeKind(data)
}
