package flowtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
)

// scan lets the authenticator app read an account.
func (r *running) scan(ctx context.Context, s step) error {
	v, err := r.computed(ctx, s, []flows.Member{{Name: "text", Value: s.text}})
	if err != nil || len(r.failures) > 0 {
		return err
	}
	app, ok := r.lab.World.(Authenticator)
	if !ok {
		r.breaks(s.Pos, "this world has no authenticator app")
		return nil
	}
	text, _ := v["text"].(string)
	if err := app.Scan(text); err != nil {
		r.breaks(s.Pos, fmt.Sprintf("the app cannot read `%s`: %v", text, err))
	}
	return nil
}

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
	code := ""
	out := e.Run(ctx, connector.Call{Input: input, Key: key})
	f, failed := out.(connector.Fail)
	if failed {
		code = f.Code
	}
	if code != s.code {
		r.breaks(s.Pos, fmt.Sprintf("expected %s to end with %s, saw %s", s.name, orFine(s.code), strings.TrimSpace(orFine(code)+" "+f.Message)))
	}
	return r.look(ctx)
}

func orFine(code string) string {
	if code == "" {
		return "no error"
	}
	return code
}
