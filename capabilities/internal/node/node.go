// Package node is what the capabilities of one back end share. A capability is one
// request in PingOne's terms and the way its answer becomes the documented output:
//
//	input map → struct → pingone.Request → API.Do → {rawResponse, headers, statusCode} → extra members
//
// Input and output are validated by connector.Entry around it, not here.
package node

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/schemas"
)

// connectorName is the name of the DaVinci connector whose capabilities these are.
const connectorName = "pingOneMfaConnector"

// Deps is what capabilities are built over.
type Deps struct {
	// MFA answers every request.
	MFA pingone.API

	// Joined says that MFA is the embedded service of this process: its effects are
	// part of the unit of work found in the context.
	Joined bool

	// PolicyID is the connection's device authentication policy. It is used where an
	// input names none; "" leaves the choice to the environment's default.
	PolicyID string

	// Now is the clock for proofs whose response carries no time; nil is time.Now.
	Now func() time.Time
}

// Spec is a capability before it is bound to a back end.
type Spec struct {
	ID      string
	Input   reflect.Type // the struct that the input is decoded into
	run     func(context.Context, Client, map[string]any) connector.Outcome
	recover func(context.Context, Client, map[string]any) connector.Outcome
	confirm func(context.Context, Client, connector.Proof) *connector.Fail
	proven  func(context.Context, Client, string) (bool, *connector.Fail)
}

// Define makes a capability of one request. Each shape adds members to its output.
func Define[In any](id string, request func(In) pingone.Request, shapes ...Shape) Spec {
	return DefineRun(id, func(ctx context.Context, c Client, in In) connector.Outcome {
		return c.Do(ctx, request(in), shapes...)
	})
}

// DefineRun makes a capability that may refuse its input or send several requests.
func DefineRun[In any](id string, run func(context.Context, Client, In) connector.Outcome) Spec {
	return Spec{ID: id, Input: reflect.TypeFor[In](), run: decoded(run)}
}

// WithRecover says how a lost answer is read back (x-effect probe).
func WithRecover[In any](s Spec, run func(context.Context, Client, In) connector.Outcome) Spec {
	s.recover = decoded(run)
	return s
}

// WithConfirm says how a proof is judged again.
func WithConfirm(s Spec, confirm func(context.Context, Client, connector.Proof) *connector.Fail) Spec {
	s.confirm = confirm
	return s
}

// WithProven says when what a run made is somebody's, and not to be undone any more.
func WithProven(s Spec, proven func(ctx context.Context, c Client, subject string) (bool, *connector.Fail)) Spec {
	s.proven = proven
	return s
}

// decoded puts the checks that every input passes before a run.
func decoded[In any](run func(context.Context, Client, In) connector.Outcome) func(context.Context, Client, map[string]any) connector.Outcome {
	return func(ctx context.Context, c Client, input map[string]any) connector.Outcome {
		var in In
		if err := decode(input, &in); err != nil {
			return connector.Fail{Code: connector.CodeInputInvalid, Message: "the input has another shape", Err: err}
		}
		if name := missing(in); name != "" {
			return Missing(name)
		}
		return run(ctx, c, in)
	}
}

func decode(input map[string]any, in any) error {
	doc, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("encode input: %w", err)
	}
	if err := json.Unmarshal(doc, in); err != nil {
		return fmt.Errorf("decode input: %w", err)
	}
	return nil
}

// missing names the first field tagged `need:"text"` that is empty. Schemas let "" pass
// where the documented connector does.
func missing(in any) string {
	v := reflect.ValueOf(in)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("need") == "text" && v.Field(i).String() == "" {
			return f.Tag.Get("json")
		}
	}
	return ""
}

// Bind builds the capabilities of specs over d, in their order.
func Bind(d Deps, specs ...Spec) []connector.Capability {
	if d.Now == nil {
		d.Now = time.Now
	}
	caps := make([]connector.Capability, len(specs))
	for i, s := range specs {
		caps[i] = s.bind(Client{d})
	}
	return caps
}

func (s Spec) bind(c Client) connector.Capability {
	doc, _ := schemas.Capability(s.ID) // without one, NewRegistry refuses the capability
	bound := connector.Capability{
		ID: s.ID, Alias: aliasOf(doc), Schema: doc, Joined: c.Joined,
		Run: func(ctx context.Context, call connector.Call) connector.Outcome {
			return s.run(ctx, c, call.Input)
		},
	}
	if s.recover != nil {
		bound.Recover = func(ctx context.Context, call connector.Call) connector.Outcome {
			return s.recover(ctx, c, call.Input)
		}
	}
	if s.confirm != nil {
		bound.Confirm = func(ctx context.Context, p connector.Proof) *connector.Fail { return s.confirm(ctx, c, p) }
	}
	if s.proven != nil {
		bound.IsProven = func(ctx context.Context, subject string) (bool, *connector.Fail) { return s.proven(ctx, c, subject) }
	}
	return bound
}

// aliasOf is the name that DaVinci exports use, "" for what they do not have.
func aliasOf(doc []byte) string {
	var d struct {
		Name string `json:"x-davinci"`
	}
	if json.Unmarshal(doc, &d) != nil || d.Name == "" {
		return ""
	}
	if strings.Contains(d.Name, ".") { // of another connector, which it names
		return d.Name
	}
	return connectorName + "." + d.Name
}
