package flows

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
)

// resolve finds what each node names.
func (c *checker) resolve() {
	for _, n := range c.f.Nodes {
		switch {
		case n.Name == "":
		case n.Kind == Uses:
			n.Capability = c.capability(n.Name, n.NamePos, n.ID)
			n.SaveMember = saveMember(n.Capability)
		case n.Kind == Show:
			c.screenOf(n)
		case n.Kind == Call:
			c.callee(n)
		case n.Kind == End && !nodeIDPattern.MatchString(n.Name):
			c.add(n.NamePos, n.ID, ruleNodeID, fmt.Sprintf("`%s` is no outcome", n.Name), "use lower-case words joined by `_`: `success`, `not_allowed`")
		}
		if n.Poll != nil && n.Poll.Uses != "" {
			n.Poll.Capability = c.capability(n.Poll.Uses, n.Poll.UsesPos, n.ID)
			n.Poll.SaveMember = saveMember(n.Poll.Capability)
		}
	}
}

func (c *checker) capability(name string, at Pos, node string) *connector.Entry {
	var known []string
	if c.lib.Capabilities != nil {
		if e, ok := c.lib.Capabilities.Lookup(name); ok {
			return e
		}
		for _, e := range c.lib.Capabilities.All() {
			known = append(known, e.ID)
		}
	}
	hint := c.suggest(name, known)
	if i := strings.IndexByte(name, '@'); i > 0 {
		hint = "capabilities have no version: the server's own is used"
	}
	c.add(at, node, ruleUnknownCapability, fmt.Sprintf("there is no capability `%s`", name), hint)
	return nil
}

// saveMember is the member of the output that `save` keeps: the one that the schema
// marks x-resource; "" is the whole output.
func saveMember(e *connector.Entry) string {
	if e == nil {
		return ""
	}
	properties, _ := e.Spec.Output.Doc["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if p, _ := properties[name].(map[string]any); p["x-resource"] != nil {
			return name
		}
	}
	return ""
}

// screenOf finds the screen of a node and the actions that it offers there.
func (c *checker) screenOf(n *Node) {
	s := c.f.Screens[n.Name]
	if s == nil {
		s = readLibrary().screens[n.Name]
	}
	if s == nil {
		known := append(slices.Collect(maps.Keys(c.f.Screens)), slices.Collect(maps.Keys(readLibrary().screens))...)
		slices.Sort(known)
		c.add(n.NamePos, n.ID, ruleUnknownScreen, fmt.Sprintf("there is no screen `%s`", n.Name), c.suggest(n.Name, known))
		return
	}
	n.Screen = s
	off := map[string]bool{}
	for _, m := range n.Narrow {
		if !slices.ContainsFunc(s.Actions, func(a Action) bool { return a.ID == m.Name }) {
			c.add(m.Pos, n.ID, ruleUnknownAction, fmt.Sprintf("the screen `%s` has no action `%s`", s.ID, m.Name), c.suggest(m.Name, actionNames(s.Actions)))
			continue
		}
		if on, ok := m.Value.Const.(bool); ok {
			off[m.Name] = !on
		} else if m.Value.Expr == nil && !m.Value.broken {
			c.add(m.Value.Pos, n.ID, ruleUnknownAction, "an action is narrowed by true, false or a condition", "write `"+m.Name+": =inputs.optional`")
		}
	}
	n.Actions = nil
	for _, a := range s.Actions {
		if !off[a.ID] {
			n.Actions = append(n.Actions, a)
		}
	}
	if len(n.Actions) == 0 && n.Timeout == 0 && n.Poll == nil && len(s.Actions) > 0 {
		c.add(n.Pos, n.ID, ruleDeadEnd, "no action is left on this screen", "leave one, or give it a `timeout:`")
	}
}

func actionNames(actions []Action) []string {
	var names []string
	for _, a := range actions {
		names = append(names, a.ID)
	}
	return names
}

// callee finds the flow of a call and refuses recursion.
func (c *checker) callee(n *Node) {
	if n.Name == c.f.ID {
		c.add(n.NamePos, n.ID, ruleRecursion, "the flow calls itself", "route back to a node instead")
		return
	}
	var child *Flow
	if c.lib.Flow != nil {
		if f, ok := c.lib.Flow(n.Name); ok {
			child = f
		}
	}
	switch {
	case child == nil:
		c.add(n.NamePos, n.ID, ruleUnknownFlow, fmt.Sprintf("there is no flow `%s`", n.Name), "`call` names a flow that is deployed, or stands beside this one")
	case child.callTrees[c.f.ID]:
		c.add(n.NamePos, n.ID, ruleRecursion, fmt.Sprintf("`%s` calls this flow, directly or through others", n.Name), "a flow cannot be part of itself")
	default:
		c.calls[n] = child
	}
}
