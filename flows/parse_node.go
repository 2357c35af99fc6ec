package flows

import (
	"fmt"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

func (p *parser) oneNode(key, n *yamldoc.Node) *Node {
	node := &Node{Pos: place(key), ID: key.Text}
	if !p.is(n, yamldoc.Map, "a node") {
		node.broken = map[string]bool{"next": true}
		return node
	}
	table := p.sharedKeys(node)
	kinds := 0
	for _, pair := range n.Pairs {
		if k, what := kindOf(pair.Key.Text); what != "" {
			if kinds++; kinds == 2 {
				p.problem(pair.Key, ruleTwoKinds, fmt.Sprintf("a node does one thing: `%s` cannot stand beside `%s`", pair.Key.Text, kindName(node.Kind)),
					"make two nodes, joined by `next`")
			}
			if kinds == 1 {
				node.Kind = k
			}
		}
	}
	node.broken = brokenKeys(n)
	p.keys(n, "a node", table)
	p.misplaced(node, n)
	p.nodeNeeds(node, n)
	return node
}

// brokenKeys lists the keys of a map of which nothing more should be said.
func brokenKeys(n *yamldoc.Node) map[string]bool {
	var broken map[string]bool
	for _, pair := range n.Pairs {
		if pair.Value.Broken || pair.Value.Damaged || pair.Key.Text == "with" && pair.Value.Kind != yamldoc.Map {
			if broken == nil {
				broken = map[string]bool{}
			}
			broken[pair.Key.Text] = true
		}
	}
	return broken
}

func kindOf(key string) (Kind, string) {
	switch key {
	case "uses":
		return Uses, key
	case "show":
		return Show, key
	case "call":
		return Call, key
	case "match":
		return Match, key
	case "end":
		return End, key
	}
	return Decide, ""
}

func kindName(k Kind) string {
	switch k {
	case Uses:
		return "uses"
	case Show:
		return "show"
	case Call:
		return "call"
	case Match:
		return "match"
	case End:
		return "end"
	}
	return "next"
}

func (p *parser) sharedKeys(node *Node) keyTable {
	name := func(k Kind) func(*yamldoc.Node) {
		return func(n *yamldoc.Node) {
			if s := p.text(n); node.Kind == k {
				node.Name, node.NamePos = s, place(n)
			}
		}
	}
	return keyTable{
		"uses":  name(Uses),
		"show":  name(Show),
		"call":  name(Call),
		"end":   name(End),
		"match": func(n *yamldoc.Node) { node.On = p.condition(n) },
		"with":  func(n *yamldoc.Node) { node.With = p.members(n) },
		"actions": func(n *yamldoc.Node) {
			node.Narrow = p.members(n)
		},
		"poll":    func(n *yamldoc.Node) { node.Poll = p.poll(n) },
		"timeout": func(n *yamldoc.Node) { node.Timeout = p.duration(n) },
		"retry":   func(n *yamldoc.Node) { node.Retry = p.retry(n) },
		"save":    func(n *yamldoc.Node) { node.Save, node.SavePos = p.variable(n), place(n) },
		"set":     func(n *yamldoc.Node) { node.Set = p.members(n) },
		"next":    func(n *yamldoc.Node) { node.Next, node.NextPos = p.next(node, n), place(n) },
		"catch":   func(n *yamldoc.Node) { node.Catch = p.catch(n) },
		"error":   func(n *yamldoc.Node) { node.Error = p.value(n) },
		"outputs": func(n *yamldoc.Node) { node.Outputs = p.members(n) },
	}
}

// misplaced reports keys that the language has, but not on this kind of node.
func (p *parser) misplaced(node *Node, n *yamldoc.Node) {
	for _, pair := range n.Pairs {
		kinds := keyBelongs(pair.Key.Text)
		if kinds == nil {
			continue
		}
		fits := false
		for _, k := range kinds {
			fits = fits || k == node.Kind
		}
		if fits {
			continue
		}
		hint := "it belongs to"
		for i, k := range kinds {
			if i > 0 {
				hint += ","
			}
			hint += " `" + kindName(k) + "`"
		}
		rule, text := ruleMisplaced, fmt.Sprintf("`%s` has no meaning on a node that has `%s`", pair.Key.Text, kindName(node.Kind))
		if pair.Key.Text == "next" {
			text = "nothing follows an `end`"
		}
		p.problem(pair.Key, rule, text, hint)
	}
}

func keyBelongs(key string) []Kind {
	switch key {
	case "with":
		return []Kind{Uses, Show, Call}
	case "actions", "poll":
		return []Kind{Show}
	case "timeout":
		return []Kind{Uses, Show}
	case "retry":
		return []Kind{Uses}
	case "save":
		return []Kind{Uses}
	case "set", "next":
		return []Kind{Decide, Uses, Show, Call, Match}
	case "catch":
		return []Kind{Decide, Uses, Show, Call, Match}
	case "error", "outputs":
		return []Kind{End}
	}
	return nil
}

func (p *parser) nodeNeeds(node *Node, n *yamldoc.Node) {
	if len(n.Pairs) == 0 {
		p.problem(n, ruleMissingKey, "the node is empty", "write `uses`, `show`, `call`, `match`, `next` or `end`")
		return
	}
	if node.Kind != End && n.Get("next") == nil {
		p.add(node.Pos, node.ID, ruleDeadEnd, "nothing follows this node", "add `next:`, or make it an `end:`")
	}
}

func (p *parser) poll(n *yamldoc.Node) *Poll {
	poll := &Poll{Pos: place(n), Every: defaultPoll}
	p.keys(n, "`poll`", keyTable{
		"uses":  func(n *yamldoc.Node) { poll.Uses, poll.UsesPos = p.text(n), place(n) },
		"with":  func(n *yamldoc.Node) { poll.With = p.members(n) },
		"every": func(n *yamldoc.Node) { poll.Every = p.duration(n) },
		"until": func(n *yamldoc.Node) { poll.Until = p.condition(n) },
		"save":  func(n *yamldoc.Node) { poll.Save, poll.SavePos = p.variable(n), place(n) },
	}, "uses", "until")
	return poll
}

func (p *parser) variable(n *yamldoc.Node) string {
	name := p.text(n)
	if name != "" && !namePattern.MatchString(name) {
		p.problem(n, ruleVariable, fmt.Sprintf("`%s` is no name of a variable", name), "use letters, digits and `_`: `vars."+snake(name)+"`")
		return ""
	}
	return name
}
