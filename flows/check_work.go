package flows

import (
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// maxWork bounds what proving one flow costs, counted in slots, edges and members looked
// at: about two seconds. A thousand ordinary nodes cost a tenth of it, while a megabyte of
// edges that all lead back, over thousands of variables, would take minutes.
const maxWork = 200_000_000

// costOfExpr is what compiling an expression costs besides the roots that it reads.
const costOfExpr = 5_000

// spend counts work and reports whether more may be done.
func (c *checker) spend(n int) bool {
	c.work += n
	return c.work <= maxWork
}

// reportWork refuses a flow whose proof was cut short.
func (c *checker) reportWork() {
	if c.work > maxWork {
		c.add(Pos{1, 1}, "", ruleTooComplex, "the flow has too many ways, variables and expressions to be proven", "split the flow: `call` runs another flow")
	}
}

// partType is the type of a schema, made once.
func (c *checker) partType(p *connector.Part) *cond.Type {
	t, ok := c.types[p]
	if !ok {
		t = partType(p)
		c.types[p] = t
	}
	return t
}
