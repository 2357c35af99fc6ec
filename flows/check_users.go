package flows

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// This pass proves that a public flow acts only on users who were proven before: a
// capability whose schema marks its user as written to (x-user) stands, on every path,
// after a proof of that same user, and personal data that a capability gave of a user is
// shown, messaged or given back only there. Users are followed by the paths that name
// them, through variables, resources and sub-flows; see userState.
//
// Inputs that only the management token may set are trusted to name whom the manager
// means. A flow that is not public is not held to this itself, but what it needs is asked
// of the public flows that call it.

// userNeed is an input that must name a proven user, for what a node does.
type userNeed struct {
	input string
	fault userFault
}

// userFault is an act on a user whom no caller can have proven.
type userFault struct {
	at   Pos
	node string
	text string
}

// endUsers is what the ends of one name say of users.
type endUsers struct {
	inputs  map[string]bool // inputs whose user is proven at every such end
	outputs map[string]outputUser
}

// outputUser is the user that an output names.
type outputUser struct {
	need proofNeed
	same map[string]bool // inputs that name the same user
}

// usersKnown is what callers need to know of a flow; Check fills it in.
type usersKnown struct {
	needs  []userNeed
	faults []userFault
	ends   map[string]*endUsers
}

// users runs the pass and reports what a public flow does wrong.
func (c *checker) users() {
	c.f.users = usersKnown{ends: map[string]*endUsers{}}
	start, ok := c.index[c.f.Start]
	if !ok {
		return
	}
	states := c.flowUsers(start)
	for i, n := range c.f.Nodes {
		if states[i] != nil {
			c.checkUses(i, n, states[i])
		}
	}
	for i, s := range states {
		for _, at := range c.out[i] {
			if e := c.edges[at]; s != nil && e.route.Message != nil {
				c.checkShown(e.from, e.route.Message.With, c.usersAlong(e, s), "the message shows")
			}
		}
	}
	if !c.f.Public {
		return
	}
	for _, f := range c.f.users.faults {
		c.unprovenUser(f)
	}
	for _, n := range c.f.users.needs {
		if slices.ContainsFunc(c.f.Inputs, func(in Input) bool { return in.Name == n.input && in.Client }) {
			c.unprovenUser(n.fault)
		}
	}
}

func (c *checker) unprovenUser(f userFault) {
	c.add(f.at, f.node, ruleUnprovenUser, f.text,
		"prove that user before, on every path: `user/check-password`, `user/verify`, or a challenge whose status is COMPLETED; then name the user by the node that did, `=nodes.check.user.id`")
}

// flowUsers computes what is known of users on entering each node, as flowFacts does.
func (c *checker) flowUsers(start int) []*userState {
	states := make([]*userState, len(c.f.Nodes))
	states[start] = newUserState()
	for _, in := range c.f.Inputs {
		states[start].assign("inputs."+in.Name, proofNeed{inputs: []string{in.Name}}, "")
	}
	queue, queued := []int{start}, make([]bool, len(c.f.Nodes))
	for len(queue) > 0 {
		i := queue[0]
		queue, queued[i] = queue[1:], false
		for _, at := range c.out[i] {
			e := c.edges[at]
			if !c.spend(costOfUsers * (1 + len(states[i].named))) {
				return states
			}
			joined, changed := joinUsers(states[e.to], c.usersAlong(e, states[i]))
			if states[e.to] = joined; changed && !queued[e.to] {
				queue, queued[e.to] = append(queue, e.to), true
			}
		}
	}
	return states
}

// costOfUsers is what following one path along one edge costs, in the unit of maxWork.
const costOfUsers = 10

// checkUses holds what a node does with users against what is known on entering it.
func (c *checker) checkUses(i int, n *Node, s *userState) {
	switch n.Kind {
	case Uses:
		c.checkWritten(i, n.Capability, n.With, s)
	case Show:
		if n.Poll != nil {
			c.checkWritten(i, n.Poll.Capability, n.Poll.With, s)
		}
		c.checkShown(i, n.With, s, "the screen shows")
	case Call:
		c.checkCalled(i, n, s)
	case End:
		c.checkShown(i, n.Outputs, s, "the end gives back")
		if n.Error != nil {
			c.checkShown(i, []Member{{Value: *n.Error}}, s, "the error shows")
		}
		c.noteEnd(i, n, s)
	}
}

// checkWritten demands a proof of the user that a capability writes to.
func (c *checker) checkWritten(i int, e *connector.Entry, with []Member, s *userState) {
	if e == nil {
		return
	}
	input, use := e.Spec.User()
	text := fmt.Sprintf("`%s` acts on a user of whom some path here has no proof", e.ID)
	if use == connector.UserAsks && e.Spec.Proves == connector.ProvesCompleted && c.sendsAnywhere(with) {
		text = fmt.Sprintf("`%s` takes a code as a proof of the user, and sends it wherever whoever is there says", e.ID)
	} else if use != connector.UserWrites {
		return
	}
	for j := range with {
		if with[j].Name == input {
			need, _ := c.userOf(&with[j].Value, i, s)
			c.require(need, userFault{valuePos(&with[j].Value), c.f.Nodes[i].ID, text})
		}
	}
}

// sendsAnywhere reports whether a one-time challenge goes to an address that was typed and
// that no condition of the flow compares with anything, such as the user's own.
func (c *checker) sendsAnywhere(with []Member) bool {
	return slices.ContainsFunc(c.typedTargets(with), func(path []string) bool { return !c.isCompared(path) })
}

// checkShown demands a proof of each user whose personal data is in some values.
func (c *checker) checkShown(i int, list []Member, s *userState, what string) {
	for j := range list {
		for _, key := range c.listSubjects(&list[j].Value, i, s) {
			c.require(s.need(key), userFault{valuePos(&list[j].Value), c.f.Nodes[i].ID, what + " personal data of a user of whom some path here has no proof"})
		}
	}
}

// checkCalled asks of a caller what the flow that it calls needs.
func (c *checker) checkCalled(i int, n *Node, s *userState) {
	child := c.calls[n]
	if child == nil {
		return
	}
	for _, f := range child.users.faults {
		c.require(proofNeed{never: true}, userFault{n.NamePos, n.ID, fmt.Sprintf("in `%s`, node `%s`: %s", n.Name, f.node, f.text)})
	}
	for _, need := range child.users.needs {
		for j := range n.With {
			if n.With[j].Name == need.input {
				given, _ := c.userOf(&n.With[j].Value, i, s)
				c.require(given, userFault{valuePos(&n.With[j].Value), n.ID,
					fmt.Sprintf("`%s` needs a proven user as `%s`: in its node `%s` %s", n.Name, need.input, need.fault.node, need.fault.text)})
			}
		}
	}
}

func valuePos(v *Value) Pos {
	if v.Expr != nil {
		return v.Expr.Pos
	}
	return v.Pos
}

// require notes an act on a user who is not proven, or only if inputs are.
func (c *checker) require(need proofNeed, f userFault) {
	if need.never {
		if !slices.ContainsFunc(c.f.users.faults, func(old userFault) bool { return old.at == f.at }) {
			c.f.users.faults = append(c.f.users.faults, f)
		}
		return
	}
	for _, input := range need.inputs {
		if !slices.ContainsFunc(c.f.users.needs, func(old userNeed) bool { return old.input == input && old.fault.at == f.at }) {
			c.f.users.needs = append(c.f.users.needs, userNeed{input, f})
		}
	}
}

// noteEnd remembers for callers whom an end leaves proven.
func (c *checker) noteEnd(i int, n *Node, s *userState) {
	here := &endUsers{inputs: map[string]bool{}, outputs: map[string]outputUser{}}
	for _, in := range c.f.Inputs {
		if s.need("inputs." + in.Name).isMet() {
			here.inputs[in.Name] = true
		}
	}
	for j := range n.Outputs {
		need, path := c.userOf(&n.Outputs[j].Value, i, s)
		out := outputUser{need: need, same: map[string]bool{}}
		for _, in := range c.f.Inputs {
			if path != "" && s.isSame(path, "inputs."+in.Name) {
				out.same[in.Name] = true
			}
		}
		here.outputs[n.Outputs[j].Name] = out
	}
	old := c.f.users.ends[n.Name]
	if old == nil {
		c.f.users.ends[n.Name] = here
		return
	}
	maps.DeleteFunc(old.inputs, func(name string, _ bool) bool { return !here.inputs[name] })
	for name, out := range here.outputs {
		if before, ok := old.outputs[name]; ok {
			out.need = joinNeeds(before.need, out.need)
			maps.DeleteFunc(out.same, func(name string, _ bool) bool { return !before.same[name] })
		}
		old.outputs[name] = out
	}
}

// userType reports whether a type may be a user's id.
func userType(t *cond.Type) bool { return t == nil || t.Kind == cond.Any || t.Kind == cond.String }
