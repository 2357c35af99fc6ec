package flows

import (
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
)

// letIn warns of ways past a proof: where a node that proves something is left without the
// proof, refused, failed or left off, and an end that is COMPLETED follows all the same.
// What is proven elsewhere on the way counts, and so does what a flow called there does.
func (c *checker) letIn() {
	for i, n := range c.f.Nodes {
		if !c.isGate(i) {
			continue
		}
		for _, at := range c.out[i] {
			e := c.edges[at]
			if !c.refuses(e) {
				continue
			}
			if end := c.unprovenEnd(e); end != nil {
				c.add(e.route.Pos, n.ID, ruleRefusalCompletes, fmt.Sprintf("`%s` is a way past the proof of `%s` to `end: %s`, which is COMPLETED", edgeName(n, e), n.ID, end.Name),
					"lead it to an end that is `failed` or `canceled`, or has an `error:`, or to another proof")
				break
			}
		}
	}
}

// isGate reports whether some way out of a node is a proof, or leads to one at once.
func (c *checker) isGate(i int) bool {
	n := c.f.Nodes[i]
	switch n.Kind {
	case Call:
		all, _ := c.outcomes(n)
		return c.calls[n] != nil && slices.ContainsFunc(all, func(o string) bool { return !c.calls[n].unproven[o] })
	case Match:
		return c.judgesProof(i)
	}
	return slices.ContainsFunc(c.out[i], func(at int) bool { return c.provesNext(c.edges[at]) })
}

// judgesProof reports whether a match is on the status of a resource that proves its user
// by being COMPLETED.
func (c *checker) judgesProof(i int) bool {
	n := c.f.Nodes[i]
	if n.On == nil || n.On.Program == nil || len(n.On.Program.Reads()) != 1 {
		return false
	}
	holder, member := c.resourceAt(c.resolveOut(n.On.Program.Reads()[0], i))
	return member == "status" && c.provesByStatus(c.resourceOf(holder))
}

// provesNext reports whether an edge is a proof, or an answer that is judged next. A
// password or the code of an address, asked of somebody who signed on, may be left off:
// so accounts are linked and profiles completed.
func (c *checker) provesNext(e edge) bool {
	if c.proves(e) || !c.isJudged(e) {
		return c.proves(e)
	}
	resource, _ := c.f.Nodes[e.to].Capability.Spec.Resource()
	return resource != "user"
}

// isJudged reports whether an edge is the answer to a screen that proves a user next.
func (c *checker) isJudged(e edge) bool {
	to := c.f.Nodes[e.to]
	return c.f.Nodes[e.from].Kind == Show && to.Kind == Uses && to.Capability != nil && to.Capability.Spec.Proves == connector.ProvesSuccess
}

// refuses reports whether an edge of a gate is taken without the proof. The action `skip`
// is offered to decline.
func (c *checker) refuses(e edge) bool {
	n := c.f.Nodes[e.from]
	switch {
	case e.caught:
		return true
	case n.Kind == Match:
		return e.route.On != statusCompleted
	case n.Kind == Call:
		return slices.ContainsFunc(e.outcomes, func(o string) bool { return o == "canceled" || soundsLikeRefusal(o) })
	}
	return !c.provesNext(e) && e.route.On != "skip"
}

// unprovenEnd finds an end that lets somebody in and that an edge leads to without another
// proof asked for on the way. Ends that nobody was authenticated before are told of by
// another rule.
func (c *checker) unprovenEnd(e edge) *Node {
	seen, queue := map[int]bool{e.to: true}, []int{e.to}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		n := c.f.Nodes[i]
		if n.Kind == End && n.Error == nil && c.claims(n.Name) && !c.f.unproven[n.Name] {
			return n
		}
		asks := slices.ContainsFunc(c.out[i], func(at int) bool { return c.isJudged(c.edges[at]) })
		if n.Kind == Call || asks || c.isGate(i) {
			continue
		}
		for _, at := range c.out[i] {
			if to := c.edges[at].to; !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	return nil
}

// edgeName says which way out of a node an edge is.
func edgeName(n *Node, e edge) string {
	switch {
	case e.caught && slices.ContainsFunc(n.Catch, func(r Route) bool { return r.Pos == e.route.Pos }):
		return "catch " + e.route.On
	case e.caught:
		return "catch of the flow"
	case e.route.On != "":
		return e.route.On
	}
	return "next"
}
