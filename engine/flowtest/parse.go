package flowtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
)

// Rule codes of the problems of test files, beside those of package flows.
const (
	ruleSchema   = "schema-version"
	ruleTests    = "no-tests"
	ruleName     = "test-name"
	ruleStep     = "step-kind"
	ruleMock     = "mock"
	ruleFlow     = "unknown-flow"
	ruleScreen   = "unknown-screen"
	ruleOutcome  = "unknown-outcome"
	ruleEdge     = "unknown-edge"
	ruleUses     = "unknown-capability"
	ruleNode     = "unknown-node"
	ruleConstant = "constant"
)

type keys = map[string]func(*flows.YAML)

// parser reads one file. It goes on after a problem.
type parser struct{ *flows.Document }

func parse(name string, src []byte) *file {
	p := parser{flows.ReadDocument(name, src)}
	f := &file{name: name, doc: p.Document}
	if p.Root() == nil {
		return f
	}
	p.Keys(p.Root(), "a test file", keys{
		"schema": func(n *flows.YAML) {
			if n.Text != Language {
				p.Problem(p.Place(n), ruleSchema, "this is not a version of flow tests that is known here", "write `schema: "+Language+"`")
			}
		},
		"flow":      func(n *flows.YAML) { f.flow, f.flowPos = p.Text(n), p.Place(n) },
		"given":     func(n *flows.YAML) { f.given = p.given(n) },
		"tests":     func(n *flows.YAML) { f.tests = p.tests(n) },
		"mocks":     func(n *flows.YAML) { f.mocks = p.mocks(n) },
		"uncovered": func(n *flows.YAML) { f.uncovered = p.uncovered(n) },
	}, "schema", "flow", "tests")
	return f
}

func (p parser) uncovered(n *flows.YAML) (list []excuse) {
	p.Each(n, func(key, value *flows.YAML) {
		list = append(list, excuse{p.Place(key), key.Text, p.Text(value)})
	})
	return list
}

func (p parser) given(n *flows.YAML) (g given) {
	p.Keys(n, "given", keys{
		"policy": func(n *flows.YAML) { g.policy, g.policyPos = p.policy(n), p.Place(n) },
		"users": func(n *flows.YAML) {
			p.Each(n, func(key, value *flows.YAML) {
				g.users = append(g.users, user{p.Place(key), key.Text, p.user(value)})
			})
		},
	})
	return g
}

// policy reads `P0`, or the changes to it.
func (p parser) policy(n *flows.YAML) map[string]any {
	if n.Text == "P0" {
		return map[string]any{}
	}
	if n.IsText() {
		p.Problem(p.Place(n), ruleConstant, fmt.Sprintf("there is no policy `%s`", n.Text), "write `P0`, or the members in which the policy differs from P0")
		return nil
	}
	changes, _ := p.constant(n).(map[string]any)
	return changes
}

// constant reads a value without expressions.
func (p parser) constant(n *flows.YAML) any {
	v := p.Value(n)
	if v.Expr != nil || v.Map != nil || v.List != nil {
		p.Problem(p.Place(n), ruleConstant, "an expression cannot stand here", "what is given is there before the test begins: write the value out")
		return nil
	}
	return v.Const
}

func (p parser) user(n *flows.YAML) map[string]any {
	u := map[string]any{}
	keep := func(name string) func(*flows.YAML) { return func(n *flows.YAML) { u[name] = p.constant(n) } }
	table := keys{"devices": func(n *flows.YAML) {
		list := []any{}
		for _, item := range p.Items(n) {
			list = append(list, p.device(item))
		}
		u["devices"] = list
	}}
	for _, name := range []string{"password", "email", "phone", "name", "mfaEnabled", "enabled", "forceChange", "unordered"} {
		table[name] = keep(name)
	}
	p.Keys(n, "a user", table)
	return u
}

func (p parser) device(n *flows.YAML) map[string]any {
	d := map[string]any{}
	table := keys{}
	for _, name := range []string{"type", "email", "phone", "key", "nickname", "status", "locked", "blocked"} {
		table[name] = func(n *flows.YAML) { d[name] = p.constant(n) }
	}
	p.Keys(n, "a device", table, "type")
	return d
}

func (p parser) tests(n *flows.YAML) []*Test {
	var list []*Test
	seen := map[string]int{}
	for _, item := range p.Items(n) {
		t := p.test(item)
		if first, twice := seen[t.Name]; twice && t.Name != "" {
			p.Problem(p.Place(item), ruleName, fmt.Sprintf("the name `%s` stands here a second time", t.Name),
				fmt.Sprintf("the first is in line %d: reports and --run tell tests by their names", first))
		}
		seen[t.Name] = t.Line
		list = append(list, t)
	}
	if len(list) == 0 {
		p.Problem(p.Place(n), ruleTests, "there is no test", "begin with `- name:` and `steps:`")
	}
	return list
}

func (p parser) test(n *flows.YAML) *Test {
	t := &Test{Line: p.Place(n).Line}
	p.Keys(n, "a test", keys{
		"name":    func(n *flows.YAML) { t.Name = strings.TrimSpace(p.Text(n)) },
		"given":   func(n *flows.YAML) { t.given = p.given(n) },
		"inputs":  func(n *flows.YAML) { t.start.inputs = p.Members(n) },
		"client":  func(n *flows.YAML) { t.start.client = p.client(n) },
		"request": func(n *flows.YAML) { t.start.request = p.request(n) },
		"mocks":   func(n *flows.YAML) { t.mocks = p.mocks(n) },
		"steps": func(n *flows.YAML) {
			for _, item := range p.Items(n) {
				t.steps = append(t.steps, p.step(item))
			}
		},
	}, "name", "steps")
	return t
}

// client reads what the client says of itself.
func (p parser) client(n *flows.YAML) []flows.Member {
	return p.facts(n, "a client", "deviceSession", "locale", "webauthn")
}

// request reads what the server sees of a request.
func (p parser) request(n *flows.YAML) []flows.Member {
	return p.facts(n, "a request", "ip", "origin", "userAgent")
}

func (p parser) facts(n *flows.YAML, what string, known ...string) []flows.Member {
	list := p.Members(n)
	for _, m := range list {
		if !slices.Contains(known, m.Name) {
			p.Problem(m.Pos, "unknown-key", fmt.Sprintf("%s has no fact `%s`", what, m.Name), flows.DidYouMean(m.Name, known))
		}
	}
	return list
}
