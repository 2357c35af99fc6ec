package flowtest

import (
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/flows"
)

// deviceKeys are those of a step that something of the person's does.
func (s *step) deviceKeys(p parser, n *flows.YAML, table keys) (required []string) {
	reads := func(n *flows.YAML) { s.text = p.Value(n) }
	if s.kind == scan {
		table["scan"] = reads
		return nil
	}
	table["error"] = func(n *flows.YAML) { s.code = p.Text(n) }
	if s.kind == passkey {
		return s.passkeyKeys(p, n, table)
	}
	table["phone"] = func(n *flows.YAML) { s.device = p.Text(n) }
	switch s.kind {
	case pair:
		table["pair"] = reads
	case push:
		s.verb(p, n, table, approves, denies)
		if s.name != denies { // no number is chosen to deny
			table["number"] = func(n *flows.YAML) { s.number = p.Value(n) }
		}
	case qr:
		s.verb(p, n, table, looks, claims, approves, denies)
		table["code"] = reads
		return []string{"code"}
	}
	return nil
}

func (s *step) passkeyKeys(p parser, n *flows.YAML, table keys) (required []string) {
	s.verb(p, n, table, creates, uses, copies)
	table["key"] = func(n *flows.YAML) { s.device = p.Text(n) }
	if s.name == copies || s.name == "" {
		table["as"] = func(n *flows.YAML) { s.as = p.Text(n) }
	}
	if s.name == copies {
		return []string{"key", "as"}
	}
	table["options"] = func(n *flows.YAML) { s.text = p.Value(n) }
	table["origin"] = func(n *flows.YAML) { s.origin = p.Value(n) }
	table["verify"] = func(n *flows.YAML) { s.unverified = !p.Bool(n) }
	table["lax"] = func(n *flows.YAML) { s.lax = p.Bool(n) }
	if s.name == "" {
		return nil
	}
	return []string{"options"}
}

// verb reads what the device does, "" if it is no word for that. It is read before the
// rest, which depends on it.
func (s *step) verb(p parser, n *flows.YAML, table keys, known ...string) {
	says := n.Get(string(s.kind))
	s.name, s.at = p.Text(says), p.Place(says)
	if s.name != "" && !slices.Contains(known, s.name) {
		p.Problem(s.at, ruleStep, fmt.Sprintf("a `%s` cannot be `%s`", s.kind, s.name), flows.DidYouMean(s.name, known))
		s.name = ""
	}
	table[string(s.kind)] = func(*flows.YAML) {}
}
