package flows

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// Defaults of what a flow may leave out.
const (
	defaultPoll       = 2 * time.Second
	defaultRetryDelay = time.Second
)

// members reads a map of names to values, which may be expressions.
func (p *parser) members(n *yamldoc.Node) []Member {
	if !p.is(n, yamldoc.Map, "a map of names to values") {
		return nil
	}
	members := make([]Member, 0, len(n.Pairs))
	for i, pair := range n.Pairs {
		if p.splitRest(n, i) {
			continue
		}
		if !pair.Key.IsText() {
			p.problem(pair.Key, yamldoc.RuleKey, "a key must be text, this is "+describe(pair.Key), "quote it")
			continue
		}
		members = append(members, Member{Pos: place(pair.Key), Name: pair.Key.Text, Value: *p.value(pair.Value)})
	}
	return members
}

// splitRest reports whether the i-th pair is the rest of an expression that the comma
// of a one-line map has split: `{ a: =f(x, 1) }` is `a: =f(x` and the key `1)`.
func (p *parser) splitRest(n *yamldoc.Node, i int) bool {
	if !n.Flow || n.Pairs[i].Value.Value != nil || n.Pairs[i].Value.Kind != yamldoc.Scalar {
		return false
	}
	for j := i - 1; j >= 0; j-- {
		before := n.Pairs[j].Value
		if before.IsText() && before.Style == yamldoc.Plain && strings.HasPrefix(before.Text, "=") && unclosed(before.Text) {
			return true
		}
		if before.Value != nil || before.Kind != yamldoc.Scalar {
			return false
		}
	}
	return false
}

// value reads a constant, an expression, or a map or list that holds some.
func (p *parser) value(n *yamldoc.Node) *Value {
	v := &Value{Pos: place(n), source: n}
	if n.Broken {
		v.broken = true
		return v
	}
	switch n.Kind {
	case yamldoc.Map:
		members := p.members(n)
		if anyExpr(members) {
			v.Map = members
		} else {
			v.Const = constMap(members)
		}
	case yamldoc.List:
		list := make([]Value, 0, len(n.Items))
		consts := make([]any, 0, len(n.Items))
		plain := true
		for _, item := range n.Items {
			child := p.value(item)
			list, consts = append(list, *child), append(consts, child.Const)
			plain = plain && child.constant()
		}
		if plain {
			v.Const = consts
		} else {
			v.List = list
		}
	default:
		p.scalar(v, n)
	}
	return v
}

func anyExpr(members []Member) bool {
	for _, m := range members {
		if !m.Value.constant() {
			return true
		}
	}
	return false
}

func constMap(members []Member) map[string]any {
	m := make(map[string]any, len(members))
	for _, member := range members {
		m[member.Name] = member.Value.Const
	}
	return m
}

// constant reports whether v holds no expression.
func (v *Value) constant() bool { return v.Expr == nil && v.Map == nil && v.List == nil }

func (p *parser) scalar(v *Value, n *yamldoc.Node) {
	if n.IsText() && strings.HasPrefix(n.Text, "=") {
		v.Expr = p.expression(n, n.Text[1:], 1)
		if v.Expr == nil {
			v.broken = true
		}
		return
	}
	if n.IsText() {
		p.refuseTemplate(n)
		p.refusePath(n)
	}
	v.Const = n.Value
}

// exprPath is a text that can only have been meant as an expression, in this language or
// in DaVinci's.
var exprPath = regexp.MustCompile(`^((nodes|inputs|vars|client|request)(\??\.[A-Za-z_][A-Za-z0-9_]*)+|(local|global)\.[A-Za-z0-9_-]+\.payload\..*)$`)

func (p *parser) refusePath(n *yamldoc.Node) {
	if exprPath.MatchString(n.Text) {
		p.problem(n, ruleMissingEquals, fmt.Sprintf("`%s` is text here", n.Text), "an expression starts with `=`, as in `=nodes.check.user.id`; if this text is meant, write `='"+n.Text+"'`")
	}
}

// condition reads what is always an expression; a leading `=` is allowed.
func (p *parser) condition(n *yamldoc.Node) *Expr {
	if n.Broken {
		return nil
	}
	switch n.Value.(type) {
	case bool, float64:
		return p.expression(n, n.Text, 0)
	case string:
		if strings.HasPrefix(n.Text, "=") {
			return p.expression(n, n.Text[1:], 1)
		}
		return p.expression(n, n.Text, 0)
	}
	if n.Kind == yamldoc.Scalar {
		p.problem(n, ruleEmptyExpression, "the expression is empty", "if it began with `!`, YAML took that for a tag: write `not`")
		return nil
	}
	p.problem(n, ruleWrongType, "this should be an expression, not "+describe(n), "a list or map in an expression needs quotes around the whole")
	return nil
}

// expression makes an Expr of src, which stands at offset in n's text, unless YAML has
// taken a part of it away.
func (p *parser) expression(n *yamldoc.Node, src string, offset int) *Expr {
	for offset > 0 && strings.HasPrefix(src, " ") {
		src, offset = src[1:], offset+1
	}
	if strings.TrimSpace(src) == "" {
		p.problem(n, ruleEmptyExpression, "the expression is empty", "write `='='` if the text `=` is meant")
		return nil
	}
	if p.trapped(n, src, offset) {
		return nil
	}
	line, col := p.doc.Place(n, offset)
	return &Expr{Pos: Pos{line, col}, Source: src, source: n, offset: offset}
}

// trapped reports the ways in which YAML changes an expression without a word.
func (p *parser) trapped(n *yamldoc.Node, src string, offset int) bool {
	for _, mark := range []string{"${", "{{"} {
		if i := strings.Index(src, mark); i >= 0 && !quotedAt(src, i) {
			line, col := p.doc.Place(n, i+offset)
			p.add(Pos{line, col}, p.node, yamldoc.RuleTemplate, "this is a template of another language", yamldoc.TemplateHint)
			return true
		}
	}
	if n.Style != yamldoc.Plain {
		return false
	}
	switch {
	case unclosed(src) && p.doc.CommentFollows(n):
		p.problem(n, ruleCommentCut, "a `#` after a space begins a comment, so the expression ends before it", "quote the expression; in a predicate write `.field`, not `#`")
		return true
	case unclosed(src) && n.Inner:
		p.problem(n, ruleCommaSplit, "inside a one-line map or list a comma ends the expression", "quote it, or give it a line of its own")
		return true
	case n.Inner && questionMark(src):
		p.problem(n, ruleFlowQuestion, "`?` in a one-line map is an error in most YAML tools", "quote the expression, or give it a line of its own")
		return true
	}
	return false
}
