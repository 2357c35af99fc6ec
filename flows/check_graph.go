package flows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
)

// edge is a way from one node to another.
type edge struct {
	from, to int
	route    *Route
	caught   bool     // taken for an error
	outcomes []string // of the node, when it is left this way; none if caught
}

// Outcomes of nodes that have only one.
const outcomeOK = "ok"

// connect makes the edges and holds them against the outcomes that nodes have.
func (c *checker) connect() {
	c.out = make([][]int, len(c.f.Nodes))
	c.open = make([]bool, len(c.f.Nodes))
	for i, n := range c.f.Nodes {
		c.open[i] = n.Kind != End && len(n.Next) == 0
		if n.Kind != End {
			c.follow(i, n)
		}
		if n.Kind != End || computes(n) {
			c.caught(i, n)
		}
	}
	for i := range c.f.Catch {
		r := &c.f.Catch[i]
		c.target(r, "")
		if r.On != "else" && !slices.ContainsFunc(c.f.Nodes, func(n *Node) bool { return c.canRaise(n, r.On) }) {
			c.add(r.Pos, "", ruleUnknownCatch, fmt.Sprintf("no node of the flow fails with `%s`", r.On), c.suggest(r.On, engineCodes()))
		}
	}
	if c.f.Start != "" {
		if _, ok := c.index[c.f.Start]; !ok {
			c.add(c.f.StartPos, "", ruleUnknownTarget, fmt.Sprintf("the start `%s` is no node", c.f.Start), c.suggest(c.f.Start, c.nodeIDs()))
		}
	}
}

// computes reports whether an end has expressions, which may fail.
func computes(n *Node) bool {
	return anyExpr(n.Outputs) || n.Error != nil && !n.Error.constant()
}

func (c *checker) nodeIDs() []string {
	ids := make([]string, len(c.f.Nodes))
	for i, n := range c.f.Nodes {
		ids[i] = n.ID
	}
	return ids
}

func (c *checker) target(r *Route, node string) (int, bool) {
	if r.To == "" {
		return 0, false
	}
	to, ok := c.index[r.To]
	if !ok {
		if i, known := c.index[node]; known {
			c.open[i] = true
		}
		c.add(r.ToPos, node, ruleUnknownTarget, fmt.Sprintf("there is no node `%s`", r.To), c.suggest(r.To, c.nodeIDs()))
	}
	return to, ok
}

func (c *checker) link(e edge) {
	c.out[e.from] = append(c.out[e.from], len(c.edges))
	c.edges = append(c.edges, e)
}

// follow makes the edges of `next`.
func (c *checker) follow(i int, n *Node) {
	outcomes, complete := c.outcomes(n)
	rest := slices.Clone(outcomes)
	for r := range n.Next {
		rest = slices.DeleteFunc(rest, func(o string) bool { return o == n.Next[r].On })
	}
	for j := range n.Next {
		r := &n.Next[j]
		taken := []string{r.On}
		switch {
		case r.On == "" || n.Kind == Match || n.Kind == Decide || n.Kind == Uses:
			taken = outcomes
			rest = nil
		case r.On == "else":
			taken, rest = rest, nil
		case complete && !slices.Contains(outcomes, r.On):
			c.impossible(n, r, outcomes)
			c.target(r, n.ID)
			continue
		}
		if to, ok := c.target(r, n.ID); ok {
			c.link(edge{from: i, to: to, route: r, outcomes: taken})
		}
	}
	if len(rest) > 0 && len(n.Next) > 0 && !n.broken["next"] {
		c.add(n.NextPos, n.ID, ruleUnrouted, fmt.Sprintf("nothing is said for %s", quoted(rest)),
			fmt.Sprintf("add `%s: NODE`, or `else: NODE` for all that is left", rest[0]))
	}
	if n.Kind == Match {
		c.matchElse(n)
	}
}

func (c *checker) matchElse(n *Node) {
	if len(n.Next) > 0 && !slices.ContainsFunc(n.Next, func(r Route) bool { return r.On == "else" || r.On == "" }) {
		c.add(n.NextPos, n.ID, ruleMissingElse, "a `match` needs `else`, for values that nobody has thought of", "add `else: NODE`")
	}
}

func quoted(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// outcomes lists the outcomes of a node, and whether that is all of them.
func (c *checker) outcomes(n *Node) (list []string, complete bool) {
	switch n.Kind {
	case Show:
		if n.Screen == nil {
			return nil, false
		}
		list = actionNames(n.Actions)
		if n.Timeout > 0 {
			list = append(list, "timeout")
		}
		if n.Poll != nil {
			list = append(list, "done")
		}
		return list, true
	case Call:
		if child := c.calls[n]; child != nil {
			return slices.Clone(child.Outcomes), true
		}
		return nil, false
	}
	return []string{outcomeOK}, true
}

// impossible reports a route for an outcome that the node cannot have.
func (c *checker) impossible(n *Node, r *Route, outcomes []string) {
	switch {
	case n.Kind == Show && r.On == "timeout":
		c.add(r.Pos, n.ID, ruleTimeoutOutcome, "the screen never times out", "give the node a `timeout: 5m`, or remove the route")
	case n.Kind == Show && r.On == "done":
		c.add(r.Pos, n.ID, ruleDoneOutcome, "the screen polls nothing", "give the node a `poll:`, or remove the route")
	case n.Kind == Show && slices.Contains(actionNames(n.Screen.Actions), r.On):
		// narrowed to false: need not be routed, may be
	case n.Kind == Show:
		c.add(r.Pos, n.ID, ruleImpossible, fmt.Sprintf("the screen `%s` has no action `%s`", n.Screen.ID, r.On), c.suggest(r.On, outcomes))
	default:
		c.add(r.Pos, n.ID, ruleImpossible, fmt.Sprintf("the flow `%s` has no end `%s`", n.Name, r.On), c.suggest(r.On, outcomes))
	}
}

// caught makes the edges of errors: the node's own, then the flow's.
func (c *checker) caught(i int, n *Node) {
	all := false
	own := map[string]bool{}
	for j := range n.Catch {
		r := &n.Catch[j]
		own[r.On] = true
		all = all || r.On == "else"
		c.knownCode(r, n)
		if to, ok := c.target(r, n.ID); ok {
			c.link(edge{from: i, to: to, route: r, caught: true})
		}
	}
	for j := range c.f.Catch {
		r := &c.f.Catch[j]
		to, ok := c.index[r.To]
		if ok && !all && !own[r.On] && (r.On == "else" || c.canRaise(n, r.On)) {
			c.link(edge{from: i, to: to, route: r, caught: true})
		}
	}
}

// canRaise reports whether a code may come from a node.
func (c *checker) canRaise(n *Node, code string) bool {
	switch {
	case slices.Contains(engineCodes(), code), n.Kind == Call:
		return true
	case n.Kind == Uses:
		return n.Capability == nil || slices.Contains(n.Capability.Spec.Errors, code)
	}
	return false
}

func (c *checker) knownCode(r *Route, n *Node) {
	if r.On == "else" || c.canRaise(n, r.On) {
		return
	}
	known := engineCodes()
	text := "this node never fails with `" + r.On + "`"
	if n.Capability != nil {
		known = append(known, n.Capability.Spec.Errors...)
		text = fmt.Sprintf("`%s` does not list the error `%s`", n.Capability.ID, r.On)
	}
	c.add(r.Pos, n.ID, ruleUnknownCatch, text, c.suggest(r.On, known))
}

// engineCodes are the errors that any node may end in.
func engineCodes() []string {
	return []string{
		connector.CodeInputInvalid, connector.CodeOutputInvalid, connector.CodeTimeout, connector.CodeUnavailable,
		connector.CodeOutcomeUnknown, connector.CodeExpressionFailed, connector.CodeLimitExceeded, connector.CodeFlowExpired,
		connector.CodeRevisionGone, connector.CodeFlowFailed, connector.CodeInternal,
	}
}

// reach reports nodes that no path reaches, and nodes that no path leaves.
func (c *checker) reach() {
	c.reached = make([]bool, len(c.f.Nodes))
	start, ok := c.index[c.f.Start]
	if !ok {
		return
	}
	c.spread(c.reached, []int{start}, false)
	ending := make([]bool, len(c.f.Nodes))
	var ends []int
	for i, n := range c.f.Nodes {
		if n.Kind == End || c.open[i] {
			ends = append(ends, i)
		}
	}
	c.spread(ending, ends, true)
	sure := true // that no unread `next` leads to the nodes that seem to be unreachable
	for i, n := range c.f.Nodes {
		sure = sure && (!c.reached[i] || !n.broken["next"])
	}
	for i, n := range c.f.Nodes {
		switch {
		case !c.reached[i] && !sure:
		case !c.reached[i]:
			c.add(n.Pos, n.ID, ruleUnreachable, "no path from the start reaches this node", "route to it, or remove it")
		case !ending[i] && len(c.out[i]) > 0:
			c.add(n.Pos, n.ID, ruleDeadEnd, "no path from this node reaches an end", "route out of the circle to a node with `end:`")
		}
	}
}

// spread marks everything that can be reached from the marked nodes, along the edges
// or against them.
func (c *checker) spread(seen []bool, queue []int, back bool) {
	next := make([][]int, len(c.f.Nodes))
	for _, e := range c.edges {
		if back {
			next[e.to] = append(next[e.to], e.from)
		} else {
			next[e.from] = append(next[e.from], e.to)
		}
	}
	for _, i := range queue {
		seen[i] = true
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, j := range next[i] {
			if !seen[j] {
				seen[j] = true
				queue = append(queue, j)
			}
		}
	}
}
