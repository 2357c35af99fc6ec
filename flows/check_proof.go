package flows

import (
	"fmt"
	"slices"
)

// proofs finds the outcomes that some path reaches without authenticating anybody, and
// warns where such an outcome is a success. Callers are warned of those that they take
// for one.
func (c *checker) proofs() {
	c.f.unproven = map[string]bool{}
	start, ok := c.index[c.f.Start]
	if !ok {
		return
	}
	from := map[int]int{start: -1}
	queue := []int{start}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, at := range c.out[i] {
			e := c.edges[at]
			if _, seen := from[e.to]; !seen && !c.proves(e) {
				from[e.to] = i
				queue = append(queue, e.to)
			}
		}
	}
	for i, n := range c.f.Nodes {
		if _, unproven := from[i]; !unproven || n.Kind != End || n.Name == "" {
			continue
		}
		c.f.unproven[n.Name] = true
		if n.Error != nil && c.f.Public || !c.claims(n.Name) {
			continue
		}
		var ids []string
		for at := i; at >= 0; at = from[at] {
			ids = append(ids, c.f.Nodes[at].ID)
		}
		slices.Reverse(ids)
		c.add(n.Pos, n.ID, ruleNoAuthentication, fmt.Sprintf("`%s` is reached without authenticating anybody: %s", n.Name, shorten(ids)), "")
	}
}

// claims reports whether an outcome says that somebody was authenticated. In a flow that
// is not public only `success` does: what another name means is for its callers to say.
func (c *checker) claims(outcome string) bool {
	if c.f.Public {
		return outcome != "failed" && outcome != "canceled"
	}
	return outcome == "success"
}

// proves reports whether everybody who takes an edge was authenticated by its node.
func (c *checker) proves(e edge) bool {
	n := c.f.Nodes[e.from]
	switch {
	case e.caught:
		return false
	case n.Kind == Uses:
		return n.Capability != nil && n.Capability.Spec.Authenticates
	case n.Kind == Show:
		return n.Poll != nil && n.Poll.Capability != nil && n.Poll.Capability.Spec.Authenticates && slices.Equal(e.outcomes, []string{"done"})
	case n.Kind == Call && c.calls[n] != nil:
		return !slices.ContainsFunc(e.outcomes, func(o string) bool { return c.calls[n].unproven[o] })
	}
	return false
}
