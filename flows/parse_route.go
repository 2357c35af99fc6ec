package flows

import (
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// next reads the three shapes: a target, a map of outcomes, a list of when and then.
func (p *parser) next(node *Node, n *yamldoc.Node) []Route {
	if n.Broken {
		return nil
	}
	switch n.Kind {
	case yamldoc.Map:
		const hint = "write a target, or a list of `when` and `then`; for routing by a value add a node with `match`"
		if node.Kind == Uses {
			p.problem(n, ruleNextShape, "a capability has one outcome, its output", hint+"; errors are routed under `catch`")
		}
		if node.Kind == Decide {
			p.problem(n, ruleNextShape, "this node has no outcomes to route by", hint)
		}
		return p.routes(n, node.Kind == Match)
	case yamldoc.List:
		if node.Kind == Show || node.Kind == Call || node.Kind == Match {
			p.problem(n, ruleNextShape, fmt.Sprintf("`%s` has named outcomes", kindName(node.Kind)), "write a map of outcome to target: `next: { submit: check }`")
		}
		return p.cases(n)
	default:
		if node.Kind == Match {
			p.problem(n, ruleNextShape, "`match` routes by the value", "write a map of value to target, with `else`")
		}
		to := p.text(n)
		if to == "" {
			return nil
		}
		return []Route{{Pos: place(n), ToPos: place(n), To: to}}
	}
}

func (p *parser) catch(n *yamldoc.Node) []Route {
	if n.IsText() && !n.Broken {
		p.problem(n, ruleNextShape, "`catch` routes by error code", "write `catch: { else: "+n.Text+" }`")
		return nil
	}
	if !p.is(n, yamldoc.Map, "a map of error codes to targets") {
		return nil
	}
	return p.routes(n, false)
}

// routes reads a map of outcomes, values or codes. Values of a match may be booleans
// and integers.
func (p *parser) routes(n *yamldoc.Node, values bool) []Route {
	var routes []Route
	for _, pair := range n.Pairs {
		if !pair.Key.IsText() && !values {
			p.problem(pair.Key, yamldoc.RuleKey, "a key must be text, this is "+describe(pair.Key), "quote it")
			continue
		}
		if values && !matchable(pair.Key) {
			p.problem(pair.Key, yamldoc.RuleKey, "a value to match is a text, a boolean or an integer", "")
			continue
		}
		r := Route{Pos: place(pair.Key), On: pair.Key.Text}
		if b, ok := pair.Key.Value.(bool); ok {
			r.On = fmt.Sprint(b)
		}
		p.target(&r, pair.Value, false)
		routes = append(routes, r)
	}
	if len(n.Pairs) == 0 && !n.Damaged {
		p.problem(n, ruleMissingKey, "no outcome is routed here", "")
	}
	return routes
}

func matchable(key *yamldoc.Node) bool {
	f, number := key.Value.(float64)
	return !number || f == float64(int64(f))
}

// target reads what stands after an outcome: a node id or {then, message}.
func (p *parser) target(r *Route, n *yamldoc.Node, listed bool) {
	if n.Kind == yamldoc.Scalar && !listed {
		r.To, r.ToPos = p.text(n), place(n)
		return
	}
	table := keyTable{
		"then":    func(n *yamldoc.Node) { r.To, r.ToPos = p.text(n), place(n) },
		"message": func(n *yamldoc.Node) { r.Message = p.message(n) },
	}
	what := "a route"
	if listed {
		what = "an entry of `next`"
		table["when"] = func(n *yamldoc.Node) { r.When = p.condition(n) }
	}
	p.keys(n, what, table, "then")
}

// cases reads a list of when and then. Only the last has no `when`.
func (p *parser) cases(n *yamldoc.Node) []Route {
	if len(n.Items) == 0 {
		p.problem(n, ruleMissingKey, "the list is empty", "")
	}
	var routes []Route
	for i, item := range n.Items {
		r := Route{Pos: place(item)}
		if item.Kind == yamldoc.Scalar {
			p.problem(item, ruleWrongType, "an entry of `next` is a map", "write `- when: CONDITION` with `then: NODE` below it, the last one only `- then: NODE`")
			continue
		}
		p.target(&r, item, true)
		routes = append(routes, r)
		when := item.Get("when")
		switch last := i == len(n.Items)-1; {
		case last && when != nil:
			p.problem(item, ruleMissingElse, "the last entry has a `when`: nothing is said for when it is false", "add a last entry without `when`: `- then: NODE`")
		case !last && when == nil && item.Kind == yamldoc.Map:
			p.problem(item, ruleUnreachableCase, "the entries after this one are never reached, for it has no `when`", "move it to the end, or give it a `when`")
		}
	}
	return routes
}

func (p *parser) message(n *yamldoc.Node) *Message {
	m := &Message{Pos: place(n), KeyPos: place(n)}
	if n.Kind == yamldoc.Scalar {
		m.Key = p.messageKey(n)
		return m
	}
	p.keys(n, "`message`", keyTable{
		"key":  func(n *yamldoc.Node) { m.Key, m.KeyPos = p.messageKey(n), place(n) },
		"with": func(n *yamldoc.Node) { m.With = p.members(n) },
	}, "key")
	return m
}

func (p *parser) messageKey(n *yamldoc.Node) string {
	key := p.text(n)
	if key == "" || textPattern.MatchString(key) {
		return key
	}
	p.problem(n, ruleMessageKey, "a message is named by its key, not by its text",
		"write the text under `messages: { en: { my.key: … } }` and `message: my.key` here")
	return ""
}

func (p *parser) retry(n *yamldoc.Node) *Retry {
	r := &Retry{Pos: place(n), Delay: defaultRetryDelay, Backoff: 1}
	p.keys(n, "`retry`", keyTable{
		"errors":  func(n *yamldoc.Node) { r.Errors = p.codes(n) },
		"max":     func(n *yamldoc.Node) { r.Max = int(p.number(n, 1, 10, true)) },
		"delay":   func(n *yamldoc.Node) { r.Delay = p.duration(n) },
		"backoff": func(n *yamldoc.Node) { r.Backoff = p.number(n, 1, 10, false) },
	}, "errors", "max")
	return r
}

func (p *parser) codes(n *yamldoc.Node) []string {
	if !p.is(n, yamldoc.List, "a list of error codes") {
		return nil
	}
	var codes []string
	for _, item := range n.Items {
		if code := p.text(item); code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func (p *parser) number(n *yamldoc.Node, low, high float64, whole bool) float64 {
	if n.Broken {
		return low
	}
	f, ok := n.Value.(float64)
	if !ok || f < low || f > high || whole && f != float64(int(f)) {
		kind := "a number"
		if whole {
			kind = "a whole number"
		}
		p.problem(n, ruleWrongType, fmt.Sprintf("this should be %s from %g to %g", kind, low, high), "")
		return low
	}
	return f
}
