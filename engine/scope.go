package engine

import (
	"errors"
	"fmt"
	"maps"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// scope gives expressions their roots. It decodes only what an expression reads.
type scope struct {
	r  *Runner
	st *state
	present
	budget *cond.Budget
}

// present is what only the running step knows. It is never stored: a secret that a later
// step could read is a load error (secret-outlives-step).
type present struct {
	request RequestFacts
	session string                    // client.deviceSession
	secret  map[string]map[string]any // node id → the whole form
	inputs  map[int]map[string]any    // frame → its secret inputs
}

// roots builds the environment that p needs. out is the node's own output, nil outside.
func (s *scope) roots(p *cond.Program, out any) (map[string]any, error) {
	env := map[string]any{}
	for _, path := range p.Reads() {
		var err error
		switch path[0] {
		case "inputs":
			err = s.fillInputs(env)
		case "vars":
			err = s.fillVars(env, path)
		case "nodes":
			err = s.fillNodes(env, path)
		case "out":
			env["out"] = out
		case "error":
			env["error"] = s.st.top().Error.plain()
		case "client":
			env["client"] = s.client()
		case "request":
			env["request"] = map[string]any{"ip": s.request.IP, "userAgent": s.request.UserAgent, "origin": s.request.Origin}
		case "flow":
			f := s.st.top()
			env["flow"] = map[string]any{"id": f.Flow, "revision": s.st.head.Pins[f.Flow], "execution": s.st.id}
		case "env":
			env["env"] = s.r.env
		}
		if err != nil {
			return nil, err
		}
	}
	return env, nil
}

func (s *scope) client() map[string]any {
	c := map[string]any{"webauthn": or(s.st.head.Client.WebAuthn, "NONE"), "locale": or(s.st.head.Client.Locale, "en")}
	if s.session != "" {
		c["deviceSession"] = s.session
	}
	return c
}

func (s *scope) fillInputs(env map[string]any) error {
	v, _, err := s.st.get(slotName(s.st.depth(), slotInputs, ""))
	kept, _ := v.(map[string]any)
	secret := s.inputs[s.st.depth()]
	if err != nil || len(secret) == 0 {
		env["inputs"] = v
		return err
	}
	all := maps.Clone(kept)
	maps.Copy(all, secret)
	env["inputs"] = all
	return nil
}

// takeInputs keeps the inputs of the top frame: secret ones for this step only.
func (s *scope) takeInputs(f *flows.Flow, inputs map[string]any) {
	secret := map[string]any{}
	for _, in := range f.Inputs {
		if v, ok := inputs[in.Name]; ok && in.Secret {
			secret[in.Name] = v
			delete(inputs, in.Name)
		}
	}
	if s.inputs == nil {
		s.inputs = map[int]map[string]any{}
	}
	s.inputs[s.st.depth()] = secret
	s.st.set(slotName(s.st.depth(), slotInputs, ""), inputs)
}

func (s *scope) fillVars(env map[string]any, path []string) error {
	vars := child(env, "vars")
	if len(path) > 1 {
		return s.fillVar(vars, path[1])
	}
	for name := range s.st.names(s.st.depth(), slotVar) {
		if err := s.fillVar(vars, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *scope) fillVar(vars map[string]any, name string) error {
	v, ok, err := s.st.get(slotName(s.st.depth(), slotVar, name))
	if ok {
		vars[name] = v
	}
	return err
}

func (s *scope) fillNodes(env map[string]any, path []string) error {
	nodes := child(env, "nodes")
	if len(path) > 1 {
		return s.fillNode(nodes, path[1])
	}
	for name := range s.st.top().Visits {
		if err := s.fillNode(nodes, name); err != nil {
			return err
		}
	}
	return nil
}

// fillNode puts what a node left behind: its members, the number of its visits, and
// for a screen the form, with secrets only in the step that received them.
func (s *scope) fillNode(nodes map[string]any, id string) error {
	if _, done := nodes[id]; done {
		return nil
	}
	f := s.st.top()
	if f.Visits[id] == 0 {
		return nil
	}
	left, ok, err := s.st.get(slotName(s.st.depth(), slotNode, id))
	if err != nil {
		return err
	}
	node := map[string]any{"visits": float64(f.Visits[id])}
	if ok {
		for k, v := range left.(map[string]any) {
			node[k] = v
		}
	}
	if form, ok := s.secret[id]; ok {
		node["form"] = form
	}
	nodes[id] = node
	return nil
}

func child(env map[string]any, root string) map[string]any {
	m, ok := env[root].(map[string]any)
	if !ok {
		m = map[string]any{}
		env[root] = m
	}
	return m
}

// eval runs one expression.
func (s *scope) eval(e *flows.Expr, out any) (any, error) {
	env, err := s.roots(e.Program, out)
	if err != nil {
		return nil, err
	}
	v, err := e.Program.Run(env, s.budget)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Source, err)
	}
	return v, nil
}

// truth runs a condition.
func (s *scope) truth(e *flows.Expr, out any) (bool, error) {
	v, err := s.eval(e, out)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, &connector.Error{Code: connector.CodeExpressionFailed, Err: fmt.Errorf("%s is not true or false", e.Source)}
	}
	return b, nil
}

// object evaluates members for a place; those that come out as nil are left out.
func (s *scope) object(list []flows.Member, out any, to place) (map[string]any, error) {
	m := make(map[string]any, len(list))
	for _, member := range list {
		v, err := s.value(member.Value, out, to.member(member.Name))
		if err != nil {
			return nil, err
		}
		if v != nil {
			m[member.Name] = v
		}
	}
	return m, nil
}

func (s *scope) value(v flows.Value, out any, to place) (any, error) {
	switch {
	case v.Expr != nil:
		result, err := s.eval(v.Expr, out)
		if err != nil {
			return nil, err
		}
		return to.admit(result, v.Expr.Program.Type()), nil
	case v.Map != nil:
		return s.object(v.Map, out, to)
	case v.List != nil:
		list := make([]any, len(v.List))
		for i, item := range v.List {
			var err error
			if list[i], err = s.value(item, out, to.item()); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return v.Const, nil
}

// plain is the error as expressions see it.
func (e *ErrorInfo) plain() any {
	if e == nil {
		return nil
	}
	path := make([]any, len(e.Path))
	for i, p := range e.Path {
		path[i] = p
	}
	m := map[string]any{"code": e.Code, "message": e.Message, "path": path}
	if e.Details != nil {
		m["details"] = e.Details
	}
	return m
}

// infoOf turns any error into what a catch can route.
func infoOf(err error) *ErrorInfo {
	var coded *connector.Error
	if errors.As(err, &coded) {
		return &ErrorInfo{Code: coded.Code, Message: err.Error()}
	}
	return &ErrorInfo{Code: connector.CodeInternal}
}
