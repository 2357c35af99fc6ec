package flows

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// keyTable says what to do with each key of a map.
type keyTable map[string]func(*yamldoc.Node)

// keys reads a map: each known key by its function, in the order of writing; others are
// problems with the likeliest correction. what names the map in texts ("a flow").
func (p *parser) keys(n *yamldoc.Node, what string, table keyTable, required ...string) {
	if !p.is(n, yamldoc.Map, "a map") {
		return
	}
	for _, pair := range n.Pairs {
		if read := table[pair.Key.Text]; read != nil && pair.Key.IsText() {
			read(pair.Value)
			continue
		}
		p.unknownKey(pair, what, table)
	}
	for _, key := range required {
		if n.Get(key) == nil {
			p.problem(n, ruleMissingKey, fmt.Sprintf("%s needs `%s`", what, key), "")
		}
	}
}

func (p *parser) unknownKey(pair yamldoc.Pair, what string, table keyTable) {
	if pair.Value.Inner && pair.Value.Value == nil && strings.ContainsAny(pair.Key.Text, "()") {
		return // the rest of an expression that was split at its comma, reported with its beginning
	}
	key := pair.Key.Text
	hint, rule := habit(key), ruleUnknownKey
	switch {
	case key == "parallel":
		rule = ruleParallel
	case hint != "":
		rule = ruleForeign
	default:
		hint = p.suggest(key, slices.Sorted(maps.Keys(table)))
	}
	p.problem(pair.Key, rule, fmt.Sprintf("%s has no key `%s`", what, key), hint)
}

// habit explains keys that authors of other systems write by habit.
func habit(key string) string {
	switch key {
	case "parallel":
		return "`parallel` is kept for a later version: write the branches one after the other"
	case "if", "unless":
		return "write a decision: a list under `next` with `when:` and `then:`"
	case "needs", "dependsOn":
		return "the order is given by `next:` of the node that comes before"
	case "on", "true", "trigger":
		return "a flow starts at the node that `start:` names; outcomes of a node are routed under `next:`"
	case "steps", "jobs", "graphData", "elements", "flow", "states":
		return "write the nodes under `nodes:`, a map of id to node"
	case "name", "label":
		return "the label of a flow is `title:`, the name of a node is its key under `nodes:`"
	case "run", "script":
		return "a flow runs capabilities: `uses: http/request`; there is no shell"
	case "env", "secrets":
		return "bindings are configured outside the flow and read as `env.NAME` in expressions"
	case "continue-on-error", "onError", "on_error":
		return "errors are routed under `catch:`, by code or `else`"
	case "properties", "inputsMapping", "inputSchema":
		return "what a node is given stands under `with:`"
	case "connections", "edges", "transitions", "outcomes":
		return "where a node leads stands under its `next:`"
	case "connectorId", "capabilityName", "capability", "type", "action", "nodeType":
		return "name the capability: `uses: mfa/create-device`, or `show:`, `call:`, `match:`, `end:`"
	case "ui", "prompt", "form", "fields":
		return "a node shows a screen with `show: NAME`; own screens stand under `screens:` at the top"
	case "selfservice", "identity_schema", "strategies", "methods", "hooks":
		return "this is configuration of Ory Kratos; a flow is a graph of `nodes:`"
	case "default", "otherwise":
		return "the rest is `else:` in a map, and in a list the last entry, without `when`"
	case "goto", "to", "target":
		return "a target stands after `then:`"
	case "case", "switch", "choices":
		return "write `match: EXPRESSION` and route the values under `next:`"
	case "error", "catchAll", "failure":
		return "errors are routed under `catch:`, by code or `else`; `error:` belongs to `end:`"
	case "outputs":
		return "what a flow gives back stands under `outputs:` of an `end:`"
	case "version":
		return "the version of the language is `schema: flow/v1`; the server numbers revisions by content"
	case "id":
		return "the id of a node is its key under `nodes:`"
	}
	return ""
}

// is reports whether n has a kind, and a problem if not.
func (p *parser) is(n *yamldoc.Node, kind yamldoc.Kind, want string) bool {
	if n.Broken {
		return false
	}
	if n.Kind == kind {
		return true
	}
	p.problem(n, ruleWrongType, "this should be "+want+", not "+describe(n), "")
	return false
}

func describe(n *yamldoc.Node) string {
	switch n.Kind {
	case yamldoc.Map:
		return "a map"
	case yamldoc.List:
		return "a list"
	}
	switch n.Value.(type) {
	case nil:
		return "empty"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	}
	return "a text"
}

// text reads a text that is no expression and no template.
func (p *parser) text(n *yamldoc.Node) string {
	if n.Broken {
		return ""
	}
	if !n.IsText() {
		hint := ""
		if n.Kind == yamldoc.Scalar && n.Value != nil {
			hint = "quote it: `\"" + n.Text + "\"`"
		}
		p.problem(n, ruleWrongType, "this should be a text, not "+describe(n), hint)
		return ""
	}
	if n.Text == "" {
		p.problem(n, ruleWrongType, "the text is empty", "")
		return ""
	}
	if n.Text[0] == '=' {
		p.problem(n, ruleNoExpression, "an expression cannot stand here", "only values under `with`, `set`, `actions`, `outputs` and `error` may be expressions")
		return ""
	}
	p.refuseTemplate(n)
	return n.Text
}

func (p *parser) boolean(n *yamldoc.Node) bool {
	if n.Broken {
		return false
	}
	b, ok := n.Value.(bool)
	if n.Kind == yamldoc.Scalar && ok {
		return b
	}
	hint := ""
	if slices.Contains([]string{"yes", "no", "on", "off"}, strings.ToLower(n.Text)) {
		hint = "`" + n.Text + "` is text in YAML 1.2: write `true` or `false`"
	}
	p.problem(n, ruleWrongType, "this should be true or false, not "+describe(n), hint)
	return false
}

// refuseTemplate reports `${…}` and `{{…}}`, which would be shown as they stand.
func (p *parser) refuseTemplate(n *yamldoc.Node) {
	for _, mark := range []string{"${{", "{{", "${"} {
		if i := strings.Index(n.Text, mark); i >= 0 {
			line, col := p.doc.Place(n, i)
			p.add(Pos{line, col}, p.node, yamldoc.RuleTemplate, fmt.Sprintf("`%s` is text here: there are no templates in flows", mark),
				"a value that starts with `=` is an expression, as in `userId: =nodes.check.user.id`; if this text is meant, write `='…'`")
			return
		}
	}
}
