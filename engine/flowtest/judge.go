package flowtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// see holds the step shown against what the test expects to see.
func (r *running) see(ctx context.Context, s step) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	shown := r.now != nil && r.now.Step != nil
	switch {
	case !shown || r.now.Step.Screen != s.name:
		r.breaks(s.at, fmt.Sprintf("expected to see `%s`, saw %s", s.name, r.seen()))
	case s.message != "" && (r.now.Step.Message == nil || r.now.Step.Message.Key != s.message):
		r.breaks(s.at, fmt.Sprintf("expected `%s` with the message `%s`, saw %s", s.name, s.message, r.seen()))
	}
	return nil
}

// end holds the end of the execution against the expected one.
func (r *running) end(ctx context.Context, s step) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	e, reached := r.now, ""
	if e != nil {
		reached = e.Outcome
		if e.Status == engine.Expired {
			reached = expired
		}
	}
	switch {
	case reached != s.name:
		r.breaks(s.at, fmt.Sprintf("expected the end `%s`, saw %s", s.name, r.seen()))
	case s.code == "" && e != nil && r.failsUnseen(e):
		r.breaks(s.at, fmt.Sprintf("expected the end `%s` without an error, saw %s", s.name, r.seen()))
	case s.code != "" && (e.Error == nil || e.Error.Code != s.code):
		r.breaks(s.at, fmt.Sprintf("expected the end `%s` with the error %s, saw %s", s.name, s.code, r.seen()))
	}
	return nil
}

// failsUnseen reports whether an execution failed at an end whose name does not say so: it
// is expected only by a step that names the error. The ends of a flow that only others
// call are outcomes, whose names are for the callers to read.
func (r *running) failsUnseen(e *engine.Execution) bool {
	if e.Status != engine.Failed || e.Outcome == "failed" {
		return false
	}
	src := r.suite.sources[e.Flow]
	return e.Outcome == "success" || src != nil && src.flow.Public
}

// seen says in words what the client sees.
func (r *running) seen() string {
	e := r.now
	switch {
	case e == nil:
		return "nothing: no execution was started"
	case e.Step != nil && e.Step.Message != nil:
		return fmt.Sprintf("the screen `%s` (node %s) with the message `%s`", e.Step.Screen, e.Step.Node, e.Step.Message.Key)
	case e.Step != nil:
		return fmt.Sprintf("the screen `%s` (node %s) without a message", e.Step.Screen, e.Step.Node)
	case e.Status == engine.Running:
		return "an execution that is RUNNING"
	}
	name := e.Outcome
	if name == "" {
		name = strings.ToLower(string(e.Status))
	}
	text := "the end `" + name + "`"
	if e.Error != nil {
		text += " with the error " + e.Error.Code
		if e.Error.Message != "" {
			text += " (" + e.Error.Message + ")"
		}
		if len(e.Error.Path) > 0 {
			text += " of node " + strings.Join(e.Error.Path, ".")
		}
	}
	return text
}

// judge evaluates an expectation and says what was seen if it does not hold.
func (r *running) judge(ctx context.Context, e *flows.Expr) error {
	env, err := r.roots(ctx, e.Program.Reads())
	if err != nil {
		return err
	}
	ok, err := e.Program.Run(env, budget(r.lab.World.Now()))
	switch {
	case err != nil:
		r.breaks(e.Pos, fmt.Sprintf("`%s` cannot be told: %v%s", e.Source, err, values(env, e.Program.Reads())))
	case ok != true:
		r.breaks(e.Pos, fmt.Sprintf("expected `%s`%s", e.Source, values(env, e.Program.Reads())))
	}
	return nil
}

// computed evaluates members; what fails breaks the test.
func (r *running) computed(ctx context.Context, s step, list []flows.Member) (map[string]any, error) {
	var reads [][]string
	for _, m := range list {
		reads = append(reads, readsOf(m.Value)...)
	}
	env, err := r.roots(ctx, reads)
	if err != nil {
		return nil, err
	}
	out, failed := computeAll(list, env)
	if failed != nil {
		r.breaks(s.Pos, failed.Error()+values(env, reads))
	}
	return out, nil
}

// readsOf lists the paths that the expressions in a value read.
func readsOf(v flows.Value) (reads [][]string) {
	if v.Expr != nil {
		reads = v.Expr.Program.Reads()
	}
	for _, m := range v.Map {
		reads = append(slices.Clip(reads), readsOf(m.Value)...)
	}
	for _, item := range v.List {
		reads = append(slices.Clip(reads), readsOf(item)...)
	}
	return reads
}

// values lists what an expression read: "; saw sent.EMAIL = 2".
func values(env map[string]any, reads [][]string) string {
	seen := map[string]string{}
	for _, path := range reads {
		seen[strings.Join(path, ".")] = brief(path, at(env, path))
	}
	if len(seen) == 0 {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		parts = append(parts, name+" = "+seen[name])
	}
	return "; saw " + strings.Join(parts, ", ")
}

func at(v any, path []string) any {
	for _, name := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// brief shows a value; of the long lists of what happened only what tells entries apart.
func brief(path []string, v any) string {
	list, ok := v.([]any)
	if !ok || len(path) != 1 || path[0] != "trace" && path[0] != "audit" {
		return show(v)
	}
	words := make([]string, len(list))
	for i, item := range list {
		e, _ := item.(map[string]any)
		text := func(name string) string { s, _ := e[name].(string); return s }
		switch {
		case path[0] == "audit":
			words[i] = text("type")
		case text("edge") != "":
			words[i] = "-> " + text("edge")
		default:
			words[i] = strings.TrimSpace(text("node") + " " + text("event") + " " + text("capability"))
		}
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// maxShown bounds one value in a message, in bytes of JSON.
const maxShown = 600

func show(v any) string {
	if v == nil {
		return "nil"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > maxShown {
		return strings.ToValidUTF8(string(b[:maxShown]), "") + "…"
	}
	return string(b)
}
