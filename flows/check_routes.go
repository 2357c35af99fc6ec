package flows

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// routes checks the conditions and messages of a node's edges.
func (c *checker) routes(i int, n *Node) {
	for j := range n.Next {
		r := &n.Next[j]
		s := c.after(i, c.taken(i, r))
		if n.Kind == Decide || n.Kind == Match {
			s.out = nil
		}
		if r.When != nil {
			c.compile(r.When, n.ID, s, cond.WantBool)
			c.secretRefused(r.When, n.ID, "`when`")
			c.allEmpty(r, n.ID)
		}
		s.out = nil
		c.message(r.Message, n.ID, s)
	}
	for j := range n.Catch {
		c.message(n.Catch[j].Message, n.ID, c.onError(i))
	}
}

// taken lists the outcomes on which a route is taken.
func (c *checker) taken(i int, r *Route) []string {
	for _, at := range c.out[i] {
		if c.edges[at].route == r {
			return c.edges[at].outcomes
		}
	}
	return c.results[i].all
}

// message checks a message: its key has a text, its parameters are no secrets.
func (c *checker) message(m *Message, node string, s scope) {
	if m == nil {
		return
	}
	c.messageKey(m, node)
	for j := range m.With {
		c.value(&m.With[j].Value, node, s)
		c.secretLeaves(&m.With[j].Value, node, "the message would hold a secret", "put in what is no secret")
	}
}

func (c *checker) messageKey(m *Message, node string) {
	if m.Key == "" {
		return
	}
	if known := c.messageKeys(); !known[m.Key] && c.hasRoom(ruleUnknownMessage) {
		c.add(m.KeyPos, node, ruleUnknownMessage, fmt.Sprintf("no text has the key `%s`", m.Key),
			strings.TrimSuffix(c.suggest(m.Key, slices.Sorted(maps.Keys(known)))+" Texts of the flow's own stand under `messages: { en: … }`", " "))
	}
}

// messageKeys are the keys that have a text, in the library or in the flow.
func (c *checker) messageKeys() map[string]bool {
	if c.texts == nil {
		c.texts = map[string]bool{}
		for _, locales := range []map[string]map[string]string{readLibrary().text, c.f.Text} {
			for _, texts := range locales {
				for key := range texts {
					c.texts[key] = true
				}
			}
		}
	}
	return c.texts
}

// unreachableMessages checks the messages beside the flow's own catch.
func (c *checker) unreachableMessages() {
	for j := range c.f.Catch {
		m := c.f.Catch[j].Message
		if m == nil {
			continue
		}
		s := scope{at: -1, state: c.fillState(unset | isSet | isSet<<staleBits)}
		s.state[c.errorSlot()] = isSet
		c.message(m, "", s)
	}
}

var allCall = regexp.MustCompile(`\ball\s*\(`)
var lenCall = regexp.MustCompile(`\b(len|any|count)\s*\(`)

// allEmpty warns of all() before a success: of an empty list all() is true.
func (c *checker) allEmpty(r *Route, node string) {
	at := allCall.FindStringIndex(r.When.Source)
	to, ok := c.index[r.To]
	if at == nil || !ok || quotedAt(r.When.Source, at[0]) || lenCall.MatchString(r.When.Source) {
		return
	}
	if n := c.f.Nodes[to]; n.Kind == End && n.Error == nil && n.Name != "failed" && n.Name != "canceled" {
		c.exprProblem(r.When, at[0], node, ruleAllEmpty, fmt.Sprintf("of an empty list all() is true, and `%s` ends in %s", r.To, n.Name),
			"add `len(…) > 0 and`")
	}
}

// matched warns of known values that fall into else, and refuses impossible ones.
func (c *checker) matched(n *Node) {
	if n.On == nil || n.On.Program == nil {
		return
	}
	t := n.On.Program.Type()
	routed := map[string]bool{}
	for i := range n.Next {
		r := &n.Next[i]
		routed[r.On] = true
		if problem, hint := cond.ImpossibleAddress(r.On); t.Format == cond.FormatIP && problem != "" && r.On != "else" && r.On != "" {
			c.add(r.Pos, n.ID, cond.RuleNeverTrue, problem, hint)
		}
		if known := valueNames(t.Listed); len(known) > 0 && len(t.Enum) == 0 && r.On != "else" && r.On != "" && !slices.Contains(known, r.On) {
			c.add(r.Pos, n.ID, cond.RuleUnknownValue, fmt.Sprintf("the value is never `%s`, as far as is known today", r.On), c.suggest(r.On, known))
		}
		if r.On != "else" && r.On != "" && !possibleValue(t, r.On) {
			c.add(r.Pos, n.ID, ruleImpossible, fmt.Sprintf("the value is never `%s`", r.On), c.suggest(r.On, valueNames(t.Enum)))
		}
	}
	at := slices.IndexFunc(n.Next, func(r Route) bool { return r.On == "else" })
	var rest []string
	for _, v := range append(valueNames(t.Enum), c.listedValues(n.On.Source)...) {
		if !routed[v] && !slices.Contains(rest, v) {
			rest = append(rest, v)
		}
	}
	if at >= 0 && len(rest) > 0 {
		c.add(n.Next[at].Pos, n.ID, ruleStatusInElse, "known values fall into `else`: "+quoted(rest), "route them by name, if they are to be told apart")
	}
}

func possibleValue(t *cond.Type, value string) bool {
	switch {
	case len(t.Enum) > 0:
		return slices.Contains(valueNames(t.Enum), value)
	case t.Kind == cond.Bool:
		return value == "true" || value == "false"
	}
	return true
}

func valueNames(values []any) []string {
	var names []string
	for _, v := range values {
		if v != nil {
			names = append(names, fmt.Sprint(v))
		}
	}
	return names
}

var plainPath = regexp.MustCompile(`^\s*(vars|nodes)((?:\s*\??\.\s*[A-Za-z_][A-Za-z0-9_]*)+)\s*$`)

// listedValues are the values that a schema lists as known today (x-enum) for the
// property that an expression reads, if it is a plain path.
func (c *checker) listedValues(src string) []string {
	m := plainPath.FindStringSubmatch(src)
	if m == nil {
		return nil
	}
	path := strings.FieldsFunc(m[2], func(r rune) bool { return r == '.' || r == '?' || r == ' ' })
	var schema map[string]any
	if m[1] == "vars" {
		if v := c.vars[path[0]]; v != nil {
			schema = v.schema
		}
	} else if i, ok := c.index[path[0]]; ok && c.f.Nodes[i].Capability != nil {
		schema = c.f.Nodes[i].Capability.Spec.Output.Doc
	}
	for _, name := range path[1:] {
		properties, _ := schema["properties"].(map[string]any)
		schema, _ = properties[name].(map[string]any)
	}
	list, _ := schema["x-enum"].([]any)
	return valueNames(list)
}

// retries warns of trying again what must not happen twice.
func (c *checker) retries(n *Node) {
	c.retryForgets(n)
	if n.Retry != nil && n.Capability != nil && n.Capability.Spec.Effect == connector.Once {
		c.add(n.Retry.Pos, n.ID, ruleRetryOnce, fmt.Sprintf("`%s` has an effect that may then happen twice", n.Capability.ID), "route its errors under `catch:` instead")
	}
}
