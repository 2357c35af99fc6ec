package flows

import (
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// Check proves a parsed flow: that every name leads somewhere, every outcome is routed,
// every expression compiles and gives what its place takes, and no secret leaves the
// step that may know it. It completes f (the fields that say "by Check") and returns
// all problems sorted by place, those of Parse not among them.
//
// A flow with problems other than warnings must not be run. After Check a flow is only
// read and may be shared.
func Check(f *Flow, lib Library) []Problem {
	c := &checker{types: map[*connector.Part]*cond.Type{}, report: newReport(f.File, f.Source), f: f, lib: lib, index: map[string]int{}, calls: map[*Node]*Flow{}}
	c.stored = f.stored
	f.OutputTypes = nil
	for i, n := range f.Nodes {
		if _, twice := c.index[n.ID]; !twice {
			c.index[n.ID] = i
		}
	}
	c.resolve()
	c.declareTypes()
	c.connect()
	c.reach()
	c.flowFacts()
	c.variables()
	c.expressions()
	c.views()
	c.users()
	c.reportWork()
	c.finish()
	return c.sorted()
}

// checker proves one flow. Its steps run in the order in which Check calls them.
type checker struct {
	report
	f     *Flow
	lib   Library
	index map[string]int // node id → position in f.Nodes

	calls   map[*Node]*Flow // the flow that a call node names
	results []result        // by node: what it leaves behind
	edges   []edge
	out     [][]int // by node: the edges that leave it
	reached []bool
	open    []bool // nodes with a way out that leads nowhere, which is reported

	types  map[*connector.Part]*cond.Type // of schemas read so far
	inputs *cond.Type
	texts  map[string]bool // keys of messages
	work   int             // what was spent of maxWork

	proving map[string]bool // resources that prove their user by being COMPLETED; nil until it is asked

	vars   map[string]*variable
	slots  map[string]int // variable → slot of a state
	states []state        // by node: what is known on entering
}

// inputValueType is the type of what is given for an input.
func (c *checker) inputValueType(in Input) *cond.Type {
	if in.Schema == nil {
		return &cond.Type{}
	}
	return c.partType(in.Schema).MarkByName(in.Name, in.Schema.Doc)
}

// finish fills in what callers of the flow need to know.
func (c *checker) finish() {
	f := c.f
	f.InputType = c.inputType()
	f.Outcomes = nil
	for _, n := range f.Nodes {
		if n.Kind == End && n.Name != "" && !slices.Contains(f.Outcomes, n.Name) {
			f.Outcomes = append(f.Outcomes, n.Name)
		}
	}
	slices.Sort(f.Outcomes)
	tree := map[string]bool{}
	var calls []string
	for n, child := range c.calls {
		calls = append(calls, n.Name)
		tree[n.Name] = true
		maps.Copy(tree, child.callTrees)
	}
	slices.Sort(calls)
	f.Calls, f.callTrees = slices.Compact(calls), tree
	c.proofs()
	c.letIn()
}

func (c *checker) inputType() *cond.Type {
	if c.inputs == nil {
		c.inputs = objectType(map[string]cond.Field{})
		for _, in := range c.f.Inputs {
			c.inputs.Fields[in.Name] = c.inputField(in)
		}
	}
	return c.inputs
}

func (c *checker) inputField(in Input) cond.Field {
	field := cond.Field{Type: c.inputValueType(in)}
	if !in.Required && !in.HasDefault {
		field.Absent, field.Rule = "the input has no default and is not `required: true`", cond.RuleOptionalRead
	}
	return field
}
