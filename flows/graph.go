package flows

import (
	"fmt"
	"strings"
	"unicode"
)

// Graph is a flow as nodes and edges, for tools that draw.
type Graph struct {
	ID    string      `json:"id"`
	Title string      `json:"title,omitempty"`
	Start string      `json:"start"`
	Nodes []GraphNode `json:"nodes"` // in file order
	Edges []GraphEdge `json:"edges"` // by node, `next` before `catch`; the flow's own catch last
}

// GraphNode is one node of a Graph.
type GraphNode struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`           // uses, show, call, match, next, end
	Name string `json:"name,omitempty"` // the capability, screen, flow or outcome; the expression of a match
	Save string `json:"save,omitempty"` // the variable that the node writes

	// Error is the error that an end gives: a code, an expression, or … for an object. In
	// a flow that is not called such an end is FAILED, whatever its name.
	Error string `json:"error,omitempty"`

	Line int `json:"line"`
}

// GraphEdge is one edge of a Graph.
type GraphEdge struct {
	From    string `json:"from"` // "" is any node: the flow's own catch
	To      string `json:"to"`
	On      string `json:"on,omitempty"`   // the outcome, value or error code; "else"
	When    string `json:"when,omitempty"` // the condition
	Message string `json:"message,omitempty"`
	Catch   bool   `json:"catch,omitempty"`
}

// GraphOf returns the graph of a parsed flow. It shows edges to nodes that are missing.
func GraphOf(f *Flow) Graph {
	g := Graph{ID: f.ID, Title: f.Title, Start: f.Start, Nodes: []GraphNode{}, Edges: []GraphEdge{}}
	for _, n := range f.Nodes {
		node := GraphNode{ID: n.ID, Kind: kindName(n.Kind), Name: n.Name, Save: n.Save, Line: n.Line}
		if n.On != nil {
			node.Name = n.On.Source
		}
		if n.Error != nil {
			node.Error = errorText(n.Error)
		}
		g.Nodes = append(g.Nodes, node)
		for _, r := range n.Next {
			g.Edges = append(g.Edges, edgeOf(n.ID, r, false))
		}
		for _, r := range n.Catch {
			g.Edges = append(g.Edges, edgeOf(n.ID, r, true))
		}
	}
	for _, r := range f.Catch {
		g.Edges = append(g.Edges, edgeOf("", r, true))
	}
	return g
}

func errorText(v *Value) string {
	switch code, isText := v.Const.(string); {
	case isText:
		return code
	case v.Expr != nil:
		return "=" + v.Expr.Source
	}
	return "…"
}

func edgeOf(from string, r Route, caught bool) GraphEdge {
	e := GraphEdge{From: from, To: r.To, On: r.On, Catch: caught}
	if r.When != nil {
		e.When = r.When.Source
	}
	if r.Message != nil {
		e.Message = r.Message.Key
	}
	return e
}

// Mermaid returns the graph of a parsed flow in Mermaid's flowchart language. The same
// flow gives the same text. Catch edges are dashed.
func Mermaid(f *Flow) string {
	g := GraphOf(f)
	names := make(map[string]string, len(g.Nodes))
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for i, n := range g.Nodes {
		names[n.ID] = fmt.Sprintf("n%d", i) // ids such as `end` are words of Mermaid
		open, shut := mermaidShape(n.Kind)
		label := mermaidText(n.ID)
		if n.Name != "" {
			label += "<br/>" + mermaidText(n.Kind+" "+n.Name)
		}
		if n.Error != "" {
			label += "<br/>" + mermaidText("error "+n.Error)
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s\n", i, open, label, shut)
	}
	if start, ok := names[g.Start]; ok {
		fmt.Fprintf(&b, "  start((start)) --> %s\n", start)
	}
	any := false
	for _, e := range g.Edges {
		to, ok := names[e.To]
		if !ok {
			continue
		}
		from := names[e.From]
		if e.From == "" {
			from, any = "any", true
		}
		fmt.Fprintf(&b, "  %s %s %s\n", from, mermaidArrow(e), to)
	}
	if any {
		b.WriteString("  any((any error))\n")
	}
	return b.String()
}

func mermaidShape(kind string) (open, shut string) {
	switch kind {
	case "show":
		return "[/", "/]"
	case "match", "next":
		return "{", "}"
	case "call":
		return "[[", "]]"
	case "end":
		return "([", "])"
	}
	return "[", "]"
}

func mermaidArrow(e GraphEdge) string {
	line := "-->"
	if e.Catch {
		line = "-.->"
	}
	label := e.On
	if e.When != "" {
		label = e.When
	}
	if label == "" {
		return line
	}
	return line + "|\"" + mermaidText(label) + "\"|"
}

// mermaidText escapes a label, so that nothing in it is Mermaid: no directive or comment
// (%%), Markdown (backticks), formula ($$), link, tag or end of the text. Letters, digits
// and the punctuation below are themselves; all else is an entity of Mermaid's, #60; for <.
func mermaidText(s string) string {
	if len(s) > 80 {
		s = cut(s, 79) + "…"
	}
	s = EscapeControls(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s))
	var b strings.Builder
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(mermaidPlain, r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}

// mermaidPlain is punctuation that means nothing to Mermaid inside a quoted text.
const mermaidPlain = " _-.,()[]=+*/?!'…"
