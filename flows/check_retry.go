package flows

import (
	"fmt"
	"math"
	"time"
)

// longestNap is how long a retry may wait inside its step. A longer wait becomes a
// timer, and the step ends.
const longestNap = 2 * time.Second

// retryForgets reports a node that reads a secret and whose retries outlive the step
// that knows it.
func (c *checker) retryForgets(n *Node) {
	if n.Retry == nil || n.Retry.longest() <= longestNap {
		return
	}
	EachExpr(n.With, func(e *Expr) {
		if e.Program == nil {
			return
		}
		for _, path := range e.Program.Reads() {
			secret := c.secretInput(path)
			if len(path) > 1 && path[0] == "nodes" {
				i, ok := c.index[path[1]]
				secret = ok && c.readsSecret(i, path[2:])
			}
			if secret {
				c.exprProblem(e, 0, n.ID, ruleSecretOutlives,
					fmt.Sprintf("the secret is forgotten before the last retry, which waits %v", n.Retry.longest()),
					fmt.Sprintf("keep every delay of `retry` at most %v", longestNap))
				return
			}
		}
	})
}

// longest is the wait before the last attempt.
func (r *Retry) longest() time.Duration {
	if r.Backoff <= 1 || r.Max < 2 {
		return r.Delay
	}
	return time.Duration(min(float64(r.Delay)*math.Pow(r.Backoff, float64(r.Max-1)), float64(math.MaxInt64/2)))
}
