package flowstest

import (
	"hash/fnv"
	"math/rand/v2"
)

// Choices is a source of decisions: the bytes of a fuzzer first, then numbers derived
// from all of them.
type Choices struct {
	data []byte
	rest *rand.Rand
}

// NewChoices makes the decisions that data stands for.
func NewChoices(data []byte) *Choices {
	h := fnv.New64a()
	h.Write(data) // a hash never fails to take bytes
	return &Choices{data: data, rest: rand.New(rand.NewPCG(h.Sum64(), 0))}
}

// PickNumber decides for a number from 0 to n-1.
func (c *Choices) PickNumber(n int) int {
	if len(c.data) == 0 || n > 256 {
		return c.rest.IntN(n)
	}
	b := int(c.data[0])
	c.data = c.data[1:]
	return b % n
}

// Chance decides yes in one of n cases.
func (c *Choices) Chance(n int) bool { return c.PickNumber(n) == 0 }

func pick[T any](c *Choices, list ...T) T { return list[c.PickNumber(len(list))] }
