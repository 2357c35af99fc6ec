package flows

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// screens reads the screens of a flow's own.
func (p *parser) screens(n *yamldoc.Node) map[string]*Screen {
	if !p.is(n, yamldoc.Map, "a map of screen names to screens") {
		return nil
	}
	screens := make(map[string]*Screen, len(n.Pairs))
	for _, pair := range n.Pairs {
		if !pair.Key.IsText() || !flowIDPattern.MatchString(pair.Key.Text) {
			p.problem(pair.Key, ruleScreen, fmt.Sprintf("`%s` is no name of a screen", pair.Key.Text), "use lower-case words joined by `-`: `pick-colour`")
		}
		screens[pair.Key.Text] = p.screen(pair.Key, pair.Value)
	}
	return screens
}

func (p *parser) screen(key, n *yamldoc.Node) *Screen {
	s := &Screen{Pos: place(key), ID: key.Text, stored: p.stored}
	p.keys(n, "a screen", keyTable{
		"title":   func(n *yamldoc.Node) { s.Title = p.text(n) },
		"with":    func(n *yamldoc.Node) { s.With = p.inputs(n, viewKeys) },
		"form":    func(n *yamldoc.Node) { s.Form, s.Secret = p.form(n) },
		"actions": func(n *yamldoc.Node) { s.Actions = p.actions(n) },
	}, "title", "actions")
	if s.Form == nil {
		s.Form, _ = p.form(emptyForm(n))
	}
	return s
}

// emptyForm stands for the form of a screen that asks for nothing.
func emptyForm(n *yamldoc.Node) *yamldoc.Node {
	return &yamldoc.Node{Kind: yamldoc.Map, Line: n.Line, Column: n.Column}
}

// form reads a form: an object schema that takes no members but its own. It returns the
// names of the fields too that are secret or have a secret inside.
func (p *parser) form(n *yamldoc.Node) (*connector.Part, []string) {
	if !p.is(n, yamldoc.Map, "a schema of an object") {
		return nil, nil
	}
	schema, _ := n.JSON().(map[string]any)
	for _, kv := range n.Pairs {
		p.schemaKeyword(kv.Key)
	}
	if t, ok := schema["type"]; ok && t != "object" {
		p.problem(within(n, "/type"), ruleSchemaInvalid, "a form is an object", "write `type: object` and the fields under `properties:`")
		return nil, nil
	}
	schema["type"] = "object"
	if _, ok := schema["additionalProperties"]; !ok {
		schema["additionalProperties"] = false
	}
	fields, _ := schema["properties"].(map[string]any)
	var secret []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		p.formField(within(n, "/properties"), name)
	}
	part := p.part(n, schema)
	for name, field := range partType(part).Fields {
		if field.Type.HasSecret() {
			secret = append(secret, name)
		}
	}
	slices.Sort(secret)
	return part, secret
}

// formField checks the name and the keywords of one field.
func (p *parser) formField(properties *yamldoc.Node, name string) {
	for _, kv := range properties.Pairs {
		if kv.Key.Text != name {
			continue
		}
		if !namePattern.MatchString(name) {
			p.problem(kv.Key, ruleVariable, fmt.Sprintf("`%s` is no name of a field", name), "use letters, digits and `_`: expressions read `-` as minus")
		}
		if p.is(kv.Value, yamldoc.Map, "a schema such as `{ type: string }`") {
			for _, word := range kv.Value.Pairs {
				p.schemaKeyword(word.Key)
			}
		}
	}
}

// actions reads what a person can do on a screen.
func (p *parser) actions(n *yamldoc.Node) []Action {
	if !p.is(n, yamldoc.Map, "a map of actions") {
		return nil
	}
	if len(n.Pairs) == 0 {
		p.problem(n, ruleMissingKey, "a screen needs an action, or nobody gets past it", "write `actions: { submit: { title: Go } }`")
	}
	var list []Action
	for _, pair := range n.Pairs {
		a := Action{ID: pair.Key.Text, Form: true}
		switch {
		case !nodeIDPattern.MatchString(a.ID):
			p.problem(pair.Key, ruleAction, fmt.Sprintf("`%s` is no name of an action", a.ID), "use lower-case words joined by `_`")
		case slices.Contains(reservedActions(), a.ID):
			p.problem(pair.Key, ruleAction, fmt.Sprintf("`%s` is an outcome of its own and no action", a.ID), "choose another name")
		}
		p.keys(pair.Value, "an action", keyTable{
			"title": func(n *yamldoc.Node) { a.Title = p.text(n) },
			"form":  func(n *yamldoc.Node) { a.Form = p.boolean(n) },
		}, "title")
		list = append(list, a)
	}
	return list
}

// reservedActions are outcomes and words that a screen's action must not be named.
func reservedActions() []string { return []string{"timeout", "done", "poll", "else"} }
