package flowtest

import (
	"context"
	"fmt"

	"github.com/mfaflow/mfaflow/connector"
)

// run runs a capability beside the flow: what an administrator does meanwhile.
func (r *running) run(ctx context.Context, s step) error {
	input, err := r.computed(ctx, s, s.inputs)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	e, ok := r.caps.Lookup(s.name)
	if !ok {
		return fmt.Errorf("the lab has no capability %s", s.name)
	}
	key := fmt.Sprintf("test/%d/%d", s.Line, s.Column)
	f, _ := e.Run(ctx, connector.Call{Input: input, Key: key}).(connector.Fail) // zero if it is none
	r.ended(s, s.name, f.Code, f.Message)
	return r.look(ctx)
}
