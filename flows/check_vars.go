package flows

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// variable is what is known of a variable over the whole flow.
type variable struct {
	typ      *cond.Type
	schema   map[string]any // of the first saved output; nil if only set
	resource string         // what is saved, for comparing writers
	writer   *Node          // the first that saves
	computed bool           // some node sets it
}

// writes lists the variables that a node writes when it succeeds.
func (c *checker) writes(n *Node) map[string]bool {
	if n.Save == "" && len(n.Set) == 0 {
		return nil
	}
	w := map[string]bool{}
	if n.Save != "" {
		w[n.Save] = true
	}
	for _, m := range n.Set {
		w[m.Name] = true
	}
	return w
}

// findVariables gives each written variable a slot.
func (c *checker) findVariables() {
	c.vars, c.slots = map[string]*variable{}, map[string]int{}
	for _, n := range c.f.Nodes {
		names := slices.Sorted(maps.Keys(c.writes(n)))
		if n.Poll != nil && n.Poll.Save != "" {
			names = append(names, n.Poll.Save)
		}
		for _, name := range names {
			if c.vars[name] == nil {
				c.vars[name] = &variable{}
				c.slots[name] = c.variableSlot(len(c.slots))
			}
		}
	}
}

// variables types what is saved and refuses writers that disagree.
func (c *checker) variables() {
	for _, n := range c.f.Nodes {
		if n.Save != "" && n.Capability != nil {
			c.saved(n, n.Save, n.SavePos, n.Capability, n.SaveMember)
		}
		if n.Poll != nil && n.Poll.Save != "" && n.Poll.Capability != nil {
			c.saved(n, n.Poll.Save, n.Poll.SavePos, n.Poll.Capability, n.Poll.SaveMember)
		}
		for _, m := range n.Set {
			if !namePattern.MatchString(m.Name) {
				c.add(m.Pos, n.ID, ruleVariable, fmt.Sprintf("`%s` is no name of a variable", m.Name), "use letters, digits and `_`")
				continue
			}
			v := c.vars[m.Name]
			v.computed = true
			if v.writer != nil {
				c.mixed(n, m.Name, m.Pos, v)
			}
		}
	}
}

func (c *checker) saved(n *Node, name string, at Pos, e *connector.Entry, member string) {
	v := c.vars[name]
	schema, resource := savedSchema(e, member)
	switch {
	case v.writer == nil && !v.computed:
		v.writer, v.schema, v.resource = n, schema, resource
		v.typ = savedType(e, member)
	case v.computed:
		c.mixed(n, name, at, v)
	case v.resource != resource:
		c.add(at, n.ID, ruleSaveConflict, fmt.Sprintf("`%s` would hold %s here, but `%s` saves %s in it", name, resource, v.writer.ID, v.resource),
			"save it under another name")
	}
}

func (c *checker) mixed(n *Node, name string, at Pos, v *variable) {
	what := "set elsewhere in the flow"
	if v.writer != nil {
		what = fmt.Sprintf("saved by `%s`", v.writer.ID)
	}
	c.add(at, n.ID, ruleSaveConflict, fmt.Sprintf("`%s` is %s", name, what), "a variable is either saved or set: use another name")
}

// savedSchema is the schema of what `save` keeps of an output, and the name of its shape.
func savedSchema(e *connector.Entry, member string) (map[string]any, string) {
	doc := e.Spec.Output.Doc
	if member == "" {
		return doc, "the output of " + e.ID
	}
	properties, _ := doc["properties"].(map[string]any)
	schema, _ := properties[member].(map[string]any)
	resource, _ := schema["x-resource"].(string)
	return schema, "the resource " + resource
}

func savedType(e *connector.Entry, member string) *cond.Type {
	t := partType(e.Spec.Output)
	if member == "" {
		return t
	}
	return t.Fields[member].Type
}
