package flowtest

import (
	"fmt"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
)

// kinds in the order in which a hint names them.
var kinds = []kind{see, act, again, clock, crash, start, cancel, scan, passkey, pair, push, qr, run, rule, end, expect}

// step reads one step: the key that says what it does, and what may stand beside it.
func (p parser) step(n *flows.YAML) step {
	s := step{Pos: p.Place(n)}
	table := keys{"expect": func(n *flows.YAML) { s.expect = p.expect(n) }}
	for _, k := range kinds {
		if n.Get(string(k)) != nil && (s.kind == "" || k != expect) {
			if s.kind != "" {
				p.Problem(p.Place(n.Get(string(k))), ruleStep, fmt.Sprintf("a step does one thing, and this one says `%s` and `%s`", s.kind, k), "make two steps of it")
				table[string(k)] = func(*flows.YAML) {}
				continue
			}
			s.kind = k
		}
	}
	if s.kind == "" {
		for _, k := range kinds {
			table[string(k)] = func(*flows.YAML) {}
		}
		if len(n.Pairs) == 0 {
			p.Problem(p.Place(n), ruleStep, "this step does nothing", "a step has one of `"+strings.Join(names(kinds), "`, `")+"`")
		}
		p.Keys(n, "a step", table)
		return s
	}
	what, required := string(s.kind), s.keys(p, n, table)
	if s.name != "" { // what a device does is read by now, other names are not
		what += ": " + s.name
	}
	p.Keys(n, "a step with `"+what+"`", table, required...)
	return s
}

// keys puts into the table what can stand in a step of this kind, and returns what must.
func (s *step) keys(p parser, n *flows.YAML, table keys) (required []string) {
	switch s.kind {
	case see:
		s.seeKeys(p, table)
	case act, again:
		s.actKeys(p, table)
	case start:
		s.startKeys(p, table)
	case end:
		table["end"] = func(n *flows.YAML) { s.name, s.at = p.Text(n), p.Place(n) }
		table["error"] = func(n *flows.YAML) { s.code = p.Text(n) }
	case clock:
		table["clock"] = func(n *flows.YAML) { s.moves = p.Duration(n) }
	case scan, passkey, pair, push, qr:
		return s.deviceKeys(p, n, table)
	case run:
		table["do"] = func(n *flows.YAML) { s.name, s.at = p.Text(n), p.Place(n) }
		table["with"] = func(n *flows.YAML) { s.inputs = p.Members(n) }
		table["error"] = func(n *flows.YAML) { s.code = p.Text(n) }
	case rule:
		table["policy"] = func(n *flows.YAML) { s.policy = p.policy(n) }
	case cancel:
		table["cancel"] = p.flag("cancel")
		table["refused"] = func(n *flows.YAML) { s.refused = p.Text(n) }
	case crash:
		table["crash"] = func(n *flows.YAML) { s.readCrash(p, n) }
	}
	return nil
}

func (s *step) readCrash(p parser, n *flows.YAML) {
	if len(n.Pairs) == 0 {
		p.flag("crash")(n)
		return
	}
	p.Keys(n, "a crash", keys{"after": func(n *flows.YAML) { s.after, s.at = p.Text(n), p.Place(n) }}, "after")
}

func names(list []kind) []string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = string(k)
	}
	return out
}

func (s *step) seeKeys(p parser, table keys) {
	table["see"] = func(n *flows.YAML) { s.name, s.at = p.Text(n), p.Place(n) }
	table["message"] = func(n *flows.YAML) { s.message = p.Text(n) }
}

func (s *step) actKeys(p parser, table keys) {
	table["refused"] = func(n *flows.YAML) { s.refused = p.Text(n) }
	if s.kind == again {
		table["again"] = p.flag("again")
		return
	}
	table["act"] = func(n *flows.YAML) { s.name, s.at = p.Text(n), p.Place(n) }
	table["form"] = func(n *flows.YAML) { s.form = p.Members(n) }
	s.clientKeys(p, table)
	table["stale"] = func(n *flows.YAML) { s.stale = p.Bool(n) }
	table["fields"] = func(n *flows.YAML) {
		for _, item := range p.Items(n) {
			s.fields = append(s.fields, p.Text(item))
		}
	}
}

func (s *step) startKeys(p parser, table keys) {
	table["start"] = func(n *flows.YAML) {
		s.at = p.Place(n)
		if n.IsText() {
			s.name = p.Text(n)
		} else {
			p.flag("start")(n)
		}
	}
	table["inputs"] = func(n *flows.YAML) { s.inputs = p.Members(n) }
	table["refused"] = func(n *flows.YAML) { s.refused = p.Text(n) }
	s.clientKeys(p, table)
}

// clientKeys are what a person's client says, and from where.
func (s *step) clientKeys(p parser, table keys) {
	table["client"] = func(n *flows.YAML) { s.client = p.client(n) }
	table["request"] = func(n *flows.YAML) { s.request = p.request(n) }
	table["browser"] = func(n *flows.YAML) { s.browser = p.Text(n) }
}

// flag reads the `true` of a step that needs no more words.
func (p parser) flag(key string) func(*flows.YAML) {
	return func(n *flows.YAML) {
		if !p.Bool(n) && n.Value == false {
			p.Problem(p.Place(n), ruleStep, "this step does nothing", "write `"+key+": true`, or remove it")
		}
	}
}

// expect reads one expression or a list of them.
func (p parser) expect(n *flows.YAML) []*flows.Expr {
	items := []*flows.YAML{n}
	if n.Value == nil && len(n.Pairs) == 0 && !n.IsText() && len(n.Items) > 0 {
		items = n.Items
	}
	var list []*flows.Expr
	for _, item := range items {
		if e := p.Condition(item); e != nil {
			list = append(list, e)
		}
	}
	return list
}
