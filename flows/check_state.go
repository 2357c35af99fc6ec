package flows

import (
	"slices"
	"strings"
)

// state is what may be known at a place of the graph: for each node in what ways its
// last visit may have ended, for each variable and for the error whether it may be
// set, may be unset, or either. It is a may-analysis: where paths meet, sets unite.
type state []slot

// slot is a set of possibilities. Bit 0 is "unset"; bit i+1 is the i-th outcome of a
// node, or "set" of a variable; the upper half says of an outcome that a wait came
// after it, so that the secrets of its form are gone.
type slot uint64

const (
	unset     slot = 1
	isSet     slot = 2
	staleBits      = 32
	mostBits       = 30 // further outcomes share the last bit
)

func outcomeBit(i int) slot { return 1 << (1 + min(i, mostBits-1)) }

func (s slot) fresh() slot   { return s & (1<<staleBits - 1) }
func (s slot) aged() slot    { return s&unset | (s.fresh()&^unset)<<staleBits | s>>staleBits<<staleBits }
func (s slot) isStale() bool { return s>>staleBits != 0 }

// has reports whether the i-th outcome is among the possibilities.
func (s slot) has(i int) bool { return (s|s>>staleBits)&outcomeBit(i) != 0 }

// A state holds the slots of the nodes in file order, then these, then the variables.
func (c *checker) errorSlot() int { return len(c.f.Nodes) }

// inputsSlot stands for the inputs: set from the start, stale once a wait has passed,
// for secret inputs are not kept any more than secret fields are.
func (c *checker) inputsSlot() int { return c.errorSlot() + 1 }

func (c *checker) variableSlot(i int) int { return c.inputsSlot() + 1 + i }

// fillState is a state whose slots all hold s. Only it decides how long a state is.
func (c *checker) fillState(s slot) state {
	return slices.Repeat(state{s}, c.variableSlot(len(c.slots)))
}

// flowFacts computes the state on entering each node, by passing states along the
// edges until nothing changes.
func (c *checker) flowFacts() {
	c.findVariables()
	c.states = make([]state, len(c.f.Nodes))
	start, ok := c.index[c.f.Start]
	if !ok {
		return
	}
	c.states[start] = c.fillState(unset)
	c.states[start][c.inputsSlot()] = isSet
	queue, queued := []int{start}, make([]bool, len(c.f.Nodes))
	for len(queue) > 0 {
		i := queue[0]
		queue, queued[i] = queue[1:], false
		for _, at := range c.out[i] {
			e := c.edges[at]
			if !c.spend(len(c.states[i])) {
				return
			}
			if c.states[e.to].join(c.along(e), &c.states[e.to]) && !queued[e.to] {
				queue, queued[e.to] = append(queue, e.to), true
			}
		}
	}
}

// join unites more into s and reports whether s grew.
func (s state) join(more state, into *state) bool {
	if s == nil {
		*into = more
		return true
	}
	grew := false
	for i, b := range more {
		if s[i]|b != s[i] {
			s[i], grew = s[i]|b, true
		}
	}
	return grew
}

// along is the state at the end of an edge.
func (c *checker) along(e edge) state {
	if e.caught {
		return c.afterError(e.from)
	}
	return c.afterOutcome(e.from, e.outcomes)
}

// entered is the state while a node runs: its own result of an earlier visit is cleared.
func (c *checker) entered(i int) state {
	s := slices.Clone(c.states[i])
	if s == nil {
		s = c.fillState(unset)
	}
	s[i] = unset
	return s
}

// afterOutcome is the state once a node was left by one of some outcomes.
func (c *checker) afterOutcome(i int, outcomes []string) state {
	n, s := c.f.Nodes[i], c.entered(i)
	c.age(n, s)
	s[i] = c.resultSlot(i, outcomes)
	for name := range c.writes(n) {
		s[c.slots[name]] = isSet
	}
	if n.Poll != nil && n.Poll.Save != "" {
		if at := c.slots[n.Poll.Save]; len(outcomes) == 1 && outcomes[0] == "done" {
			s[at] = isSet
		} else {
			s[at] |= isSet
		}
	}
	return s
}

// afterError is the state on a catch edge: the node left no result, and what it writes
// may have been written.
func (c *checker) afterError(i int) state {
	n, s := c.f.Nodes[i], c.entered(i)
	c.age(n, s)
	for name := range c.writes(n) {
		s[c.slots[name]] |= isSet
	}
	s[c.errorSlot()] = isSet
	return s
}

// age marks that a wait has passed: a person was shown a screen, or a sub-flow may have
// shown one.
func (c *checker) age(n *Node, s state) {
	if n.Kind != Show && n.Kind != Call {
		return
	}
	for i := range c.f.Nodes {
		s[i] = s[i].aged()
	}
	s[c.inputsSlot()] = s[c.inputsSlot()].aged()
}

// pathWithout is a path from the start to node i on which the slot is not set at the
// end, as text; "" if there is none. It shows the shortest.
func (c *checker) pathWithout(i, at int) string {
	return c.path(i, func(s slot) bool { return s&unset != 0 }, at)
}

// pathStale is a path on which a wait lies between the result of a node and node i.
func (c *checker) pathStale(i, at int) string {
	return c.path(i, slot.isStale, at)
}

// path searches the graph for the shortest way to node i at whose end the slot alone
// satisfies a condition.
func (c *checker) path(i int, want func(slot) bool, at int) string {
	type visit struct {
		node int
		s    slot
	}
	start, ok := c.index[c.f.Start]
	if !ok {
		return ""
	}
	from, via := map[visit]visit{}, map[visit]edge{}
	queue := []visit{{start, unset}}
	seen := map[visit]bool{queue[0]: true}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		if v.node == i && want(v.s) {
			ids := []string{c.f.Nodes[v.node].ID}
			for v != (visit{start, unset}) {
				ids = append(ids, c.f.Nodes[from[v].node].ID+caughtLabel(via[v]))
				v = from[v]
			}
			slices.Reverse(ids)
			return shorten(ids)
		}
		if !c.spend(len(c.out[v.node])) {
			return ""
		}
		for _, k := range c.out[v.node] {
			next := visit{c.edges[k].to, c.slotAlong(c.edges[k], v.s, at)}
			if !seen[next] {
				seen[next], from[next], via[next] = true, v, c.edges[k]
				queue = append(queue, next)
			}
		}
	}
	return ""
}

// caughtLabel says on a path by which error a node was left.
func caughtLabel(e edge) string {
	switch {
	case !e.caught:
		return ""
	case e.route.On == "else":
		return " (error)"
	}
	return " (" + e.route.On + ")"
}

// slotAlong is along for one slot and one way of reaching the edge.
func (c *checker) slotAlong(e edge, s slot, at int) slot {
	n := c.f.Nodes[e.from]
	switch {
	case at == e.from && e.caught:
		return unset
	case at == e.from:
		return c.resultSlot(e.from, e.outcomes)
	case at == c.errorSlot() && e.caught:
		return isSet
	case at >= c.variableSlot(0) && !e.caught && c.surelyWrites(n, e.outcomes, at):
		return isSet
	case at < len(c.f.Nodes) && (n.Kind == Show || n.Kind == Call):
		return s.aged()
	}
	return s
}

// resultSlot holds some outcomes of node i.
func (c *checker) resultSlot(i int, outcomes []string) slot {
	s, all := slot(0), c.results[i].all
	for _, o := range outcomes {
		if at := slices.Index(all, o); at >= 0 {
			s |= outcomeBit(at)
		}
	}
	if s == 0 {
		return outcomeBit(0)
	}
	return s
}

func (c *checker) surelyWrites(n *Node, outcomes []string, at int) bool {
	for name := range c.writes(n) {
		if c.slots[name] == at {
			return true
		}
	}
	return n.Poll != nil && n.Poll.Save != "" && c.slots[n.Poll.Save] == at && len(outcomes) == 1 && outcomes[0] == "done"
}

// shorten joins a path and leaves out the middle of a long one.
func shorten(ids []string) string {
	if len(ids) > 9 {
		ids = slices.Concat(ids[:4], []string{"…"}, ids[len(ids)-4:])
	}
	return strings.Join(ids, " → ")
}
