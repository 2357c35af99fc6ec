package risk

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// The levels.
const (
	Low    = "LOW"
	Medium = "MEDIUM"
	High   = "HIGH"
)

// Rule is one reason to trust an event less.
type Rule struct {
	Name      string    `json:"name"`
	When      string    `json:"when"`
	Level     string    `json:"level"` // MEDIUM or HIGH
	Score     int       `json:"score"` // what it adds
	Predictor Predictor `json:"predictor"`
	Reason    string    `json:"reason,omitempty"`
}

// Predictor is under what details show a rule.
type Predictor struct {
	CompactName string `json:"compactName"`
	Type        string `json:"type"`
}

// The bounds of an expression: what a rule needs, and little more.
const (
	maxWhen   = 500 // bytes
	maxNodes  = 60
	maxMemory = 1000 // items of lists; expr's own default is a million
)

// compile checks a rule's expression and prepares it.
func compile(when string) (*vm.Program, error) {
	if len(when) > maxWhen {
		return nil, fmt.Errorf("is longer than %d bytes", maxWhen)
	}
	g := &guard{}
	p, err := expr.Compile(when, expr.Env(facts{}.plain()), expr.AsBool(), expr.DisableAllBuiltins(), expr.MaxNodes(maxNodes),
		expr.Optimize(false), expr.Patch(g))
	if err != nil {
		return nil, fmt.Errorf("does not compile: %w", err)
	}
	return p, g.found
}

// guard refuses what rules do not need and could be made to run long: calls, predicates,
// ranges, patterns. What is left visits each part of an expression once.
type guard struct{ found error }

// Visit looks at one part.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			g.found = errors.New("may name facts only")
		}
	case *ast.BinaryNode:
		if n.Operator == ".." || n.Operator == "**" || n.Operator == "matches" {
			g.found = fmt.Errorf("may not use %s", n.Operator)
		}
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.UnaryNode, *ast.ConditionalNode,
		*ast.ArrayNode, *ast.ConstantNode:
	default:
		g.found = errors.New("may only compare and combine facts")
	}
}

// fires reports whether a rule's expression holds.
func fires(p *vm.Program, f map[string]any) (bool, error) {
	if p == nil {
		return false, errors.New("the rule does not compile")
	}
	machine := vm.VM{MemoryBudget: maxMemory}
	v, err := machine.Run(p, f)
	if err != nil {
		return false, fmt.Errorf("run the rule: %w", err)
	}
	held, ok := v.(bool)
	if !ok {
		return false, errors.New("the rule is neither true nor false")
	}
	return held, nil
}

// finding is what the rules of one predictor say.
type finding struct {
	Predictor
	level  string
	score  int
	reason string
}

var rank = map[string]int{Low: 0, Medium: 1, High: 2}

// judge runs the rules. Of those of one predictor the one with the highest score counts.
// A rule that cannot be computed counts as HIGH; if it was a MEDIUM one its score doubles,
// as PingOne gives MEDIUM half the score of HIGH.
func (s *compiled) judge(f map[string]any) (all []*finding, total int) {
	at := map[string]*finding{}
	for i, r := range s.Rules {
		p := at[r.Predictor.CompactName]
		if p == nil {
			p = &finding{Predictor: r.Predictor, level: Low}
			at[r.Predictor.CompactName] = p
			all = append(all, p)
		}
		held, err := fires(s.programs[i], f)
		level, score, reason := r.Level, r.Score, r.Reason
		if err != nil {
			held, reason = true, "The rule "+r.Name+" cannot be computed"
			if level == Medium {
				level, score = High, 2*score
			}
		}
		if !held {
			continue
		}
		if rank[level] > rank[p.level] {
			p.level = level
		}
		if score >= p.score {
			p.score, p.reason = score, reason
		}
	}
	for _, p := range all {
		total += p.score
	}
	return all, total
}
