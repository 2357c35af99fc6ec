package connectortest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/mfaflow/mfaflow/connector"
)

// render writes an outcome as fixtures do. The operator's error is not part of it.
func render(o connector.Outcome) any {
	switch o := o.(type) {
	case connector.Complete:
		return renderComplete(o)
	case connector.Fail:
		f := map[string]any{"code": o.Code}
		if o.Message != "" {
			f["message"] = o.Message
		}
		if len(o.Details) > 0 {
			f["details"] = survives(o.Details)
		}
		return map[string]any{"fail": f}
	}
	return map[string]any{"unknown": fmt.Sprintf("%T", o)}
}

func renderComplete(o connector.Complete) any {
	c := map[string]any{"output": survives(o.Output)}
	if p := o.Proof; p != nil {
		methods := []any{}
		for _, m := range p.Methods {
			methods = append(methods, m)
		}
		proof := map[string]any{"userId": p.UserID, "methods": methods, "at": stamp(p.At)}
		if !p.Since.IsZero() {
			proof["since"] = stamp(p.Since)
		}
		if p.Resource != "" {
			proof["resource"] = p.Resource
		}
		c["proof"] = proof
	}
	return map[string]any{"complete": c}
}

func stamp(t time.Time) string { return t.Format(time.RFC3339Nano) }

// survives returns m if storing and loading it changes nothing, as the engine does
// between any two steps, and else says so in its place.
func survives(m map[string]any) any {
	again, err := plain(m)
	if err != nil {
		return fmt.Sprintf("is not JSON: %v", err)
	}
	if !reflect.DeepEqual(any(m), again) {
		return fmt.Sprintf("changes when stored and loaded: %#v", m)
	}
	return again
}
