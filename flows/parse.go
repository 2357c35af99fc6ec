package flows

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// Language is the version of the language that this package reads.
const Language = "flow/v1"

// MaxNodes bounds the nodes of one flow. Proving a flow takes time and memory that grow
// with their square; `call` splits what is longer.
const MaxNodes = 1000

var (
	flowIDPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	nodeIDPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	namePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	textPattern   = regexp.MustCompile(`^[a-z][a-z0-9_]*([.-][a-z0-9_]+)*$`)
)

// Parse reads the YAML of one flow. It returns every problem of syntax, keys and shapes,
// sorted by place, and the flow as far as it could be read: nil only if nothing is
// usable. file is repeated in the problems and may be "". src is kept in the flow and
// must not be changed.
//
// A flow with problems other than warnings must not be run; Check it all the same to
// find the rest of what is wrong.
func Parse(file string, src []byte) (*Flow, []Problem) {
	return parse(newParser(file, src, false))
}

func parse(p *parser) (*Flow, []Problem) {
	if p.doc.Root == nil {
		return nil, p.done()
	}
	f := p.flow(p.doc.Root)
	if f != nil {
		f.stored = p.stored
	}
	p.nameNodes(p.doc.Root)
	return f, p.done()
}

// Load parses and checks one flow and returns all problems of both, sorted by place.
func Load(file string, src []byte, lib Library) (*Flow, []Problem) {
	f, problems := Parse(file, src)
	if f != nil {
		problems = append(problems, Check(f, lib)...)
		slices.SortStableFunc(problems, comparePlaces)
	}
	return f, problems
}

// nameNodes adds to problems of YAML the node that they are in.
func (p *parser) nameNodes(root *yamldoc.Node) {
	nodes := root.Get("nodes")
	if nodes == nil || len(nodes.Pairs) == 0 {
		return
	}
	end := len(p.lines) + 1
	for _, pair := range root.Pairs {
		if pair.Key.Line > nodes.Line {
			end = min(end, pair.Key.Line)
		}
	}
	for i, problem := range p.problems {
		if problem.Node != "" || problem.Line >= end {
			continue
		}
		for _, pair := range nodes.Pairs {
			if pair.Key.Line <= problem.Line {
				p.problems[i].Node = pair.Key.Text
			}
		}
	}
}

// parser reads one document. It goes on after a problem.
type parser struct {
	report
	doc   *yamldoc.Doc
	node  string // id of the node being read
	parts int    // of the schemas read so far
}

func newParser(file string, src []byte, stored bool) *parser {
	doc, issues := yamldoc.Read(src)
	p := &parser{report: newReport(file, src), doc: doc}
	p.stored = stored
	for _, i := range issues {
		p.add(Pos{i.Line, i.Column}, "", i.Rule, i.Text, i.Hint)
	}
	return p
}

func place(n *yamldoc.Node) Pos { return Pos{n.Line, n.Column} }

func (p *parser) problem(n *yamldoc.Node, rule, text, hint string) {
	p.add(place(n), p.node, rule, text, hint)
}

func (p *parser) flow(root *yamldoc.Node) *Flow {
	f := &Flow{File: p.file, Source: p.src, Timeout: DefaultTimeout, doc: p.doc}
	if root.Kind != yamldoc.Map {
		p.problem(root, ruleWrongType, "a flow is a map of keys", "begin with `schema: flow/v1`")
		return nil
	}
	if first := root.Get("schema"); first == nil && (root.Get("jobs") != nil || root.Get("steps") != nil) {
		p.problem(root, ruleForeign, "this looks like a workflow of GitHub Actions, not like a flow", "a flow begins with `schema: flow/v1` and has `nodes:`")
	}
	p.keys(root, "a flow", keyTable{
		"schema":   p.language,
		"id":       func(n *yamldoc.Node) { f.IDPos = place(n); f.ID = p.id(n) },
		"title":    func(n *yamldoc.Node) { f.Title = p.text(n) },
		"start":    func(n *yamldoc.Node) { f.StartPos = place(n); f.Start = p.text(n) },
		"public":   func(n *yamldoc.Node) { f.Public = p.boolean(n) },
		"timeout":  func(n *yamldoc.Node) { f.Timeout = p.duration(n) },
		"inputs":   func(n *yamldoc.Node) { f.Inputs = p.inputs(n, inputKeys) },
		"outputs":  func(n *yamldoc.Node) { f.Outputs = p.inputs(n, outputKeys) },
		"catch":    func(n *yamldoc.Node) { f.Catch = p.catch(n) },
		"screens":  func(n *yamldoc.Node) { f.Screens = p.screens(n) },
		"messages": func(n *yamldoc.Node) { f.Text = p.messages(n) },
		"nodes":    func(n *yamldoc.Node) { f.Nodes = p.nodes(n) },
	}, "schema", "id", "start", "nodes")
	return f
}

func (p *parser) language(n *yamldoc.Node) {
	if s, ok := n.Value.(string); n.Kind == yamldoc.Scalar && ok && s == Language {
		return
	}
	p.problem(n, ruleSchema, "this is not a version of the language that is known here", "write `schema: "+Language+"`")
}

func (p *parser) id(n *yamldoc.Node) string {
	id := p.text(n)
	if id != "" && (!flowIDPattern.MatchString(id) || len(id) > 100) {
		p.problem(n, ruleFlowID, fmt.Sprintf("`%s` is no id of a flow", id),
			"use up to 100 lower-case letters and digits, words joined by `-`: `sign-on-and-mfa`")
	}
	return id
}

func (p *parser) nodes(n *yamldoc.Node) []*Node {
	if !p.is(n, yamldoc.Map, "a map of node ids to nodes") {
		return nil
	}
	if len(n.Pairs) > MaxNodes {
		p.problem(n, ruleTooMany, fmt.Sprintf("the flow has %d nodes, at most %d are allowed", len(n.Pairs), MaxNodes), "`call` runs another flow")
		return nil
	}
	if len(n.Pairs) == 0 {
		p.problem(n, ruleMissingKey, "the flow has no nodes", "")
	}
	var nodes []*Node
	for _, pair := range n.Pairs {
		p.node = pair.Key.Text
		p.nodeID(pair.Key)
		nodes = append(nodes, p.oneNode(pair.Key, pair.Value))
	}
	p.node = ""
	return nodes
}

func (p *parser) nodeID(key *yamldoc.Node) {
	if nodeIDPattern.MatchString(key.Text) && key.IsText() && len(key.Text) <= 100 {
		return
	}
	p.problem(key, ruleNodeID, fmt.Sprintf("`%s` is no id of a node", key.Text),
		"use up to 100 lower-case letters and digits, words joined by `_`: expressions read `-` as minus. Write `"+snake(key.Text)+"`")
}

func (p *parser) messages(n *yamldoc.Node) map[string]map[string]string {
	if !p.is(n, yamldoc.Map, "a map of locales") {
		return nil
	}
	all := make(map[string]map[string]string, len(n.Pairs))
	for _, locale := range n.Pairs {
		if !localePattern.MatchString(locale.Key.Text) {
			p.problem(locale.Key, ruleMessages, fmt.Sprintf("`%s` is no locale", locale.Key.Text), "messages are written by locale: `messages: { en: { my.key: Text } }`")
			continue
		}
		if !p.is(locale.Value, yamldoc.Map, "a map of message keys to texts") {
			continue
		}
		texts := make(map[string]string, len(locale.Value.Pairs))
		for _, m := range locale.Value.Pairs {
			if !textPattern.MatchString(m.Key.Text) {
				p.problem(m.Key, ruleMessages, fmt.Sprintf("`%s` is no message key", m.Key.Text), "use lower-case words joined by dots: `otp.invalid`")
			}
			texts[m.Key.Text] = p.text(m.Value)
		}
		all[locale.Key.Text] = texts
	}
	return all
}

var localePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// duration reads a duration. What is none counts as a second, so that a node with a bad
// timeout still has the outcome.
func (p *parser) duration(n *yamldoc.Node) time.Duration {
	const hint = "write a number with its unit: `31s`, `10m`, `2h`"
	if n.Broken {
		return time.Second
	}
	d, err := time.ParseDuration(n.Text)
	switch {
	case !n.IsText():
		p.problem(n, ruleDuration, "this is no duration", hint)
	case err != nil:
		p.problem(n, ruleDuration, fmt.Sprintf("`%s` is no duration", n.Text), hint)
	case d < time.Second || d > maxDuration:
		p.problem(n, ruleDuration, fmt.Sprintf("`%s` is not between one second and 30 days", n.Text), hint)
	default:
		return d
	}
	return time.Second
}

// maxDuration keeps timers and tokens within what a deployment outlives.
const maxDuration = 30 * 24 * time.Hour

func (p *parser) done() []Problem {
	return p.sorted()
}
