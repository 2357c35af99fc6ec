package flowtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// compute evaluates a value. The result is the caller's.
func compute(v flows.Value, env map[string]any) (any, error) {
	switch {
	case v.Expr != nil:
		out, err := v.Expr.Program.Run(env, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Expr.Source, err)
		}
		return out, nil
	case v.Map != nil:
		return computeAll(v.Map, env)
	case v.List != nil:
		list := make([]any, len(v.List))
		for i, item := range v.List {
			var err error
			if list[i], err = compute(item, env); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	if m, ok := v.Const.(map[string]any); ok {
		return maps.Clone(m), nil
	}
	return v.Const, nil
}

// computeAll evaluates members; those that come out as nil are left out, as in flows.
func computeAll(list []flows.Member, env map[string]any) (map[string]any, error) {
	m := make(map[string]any, len(list))
	for _, member := range list {
		v, err := compute(member.Value, env)
		if err != nil {
			return nil, err
		}
		if v != nil || member.Value.Expr == nil {
			m[member.Name] = v
		}
	}
	return m, nil
}

// plain turns a Go value into those of encoding/json, which expressions read.
func plain(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return out, nil
}

// budget is one of the default limits at the virtual time.
func budget(now time.Time) *cond.Budget { return cond.NewBudget(cond.DefaultLimits, now) }
