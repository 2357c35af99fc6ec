package yamldoc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

var (
	decimal   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	fraction  = regexp.MustCompile(`^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	ambiguous = regexp.MustCompile(`^[-+]?(0[0-9_]+|0[xXoObB][0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?|\.(inf|Inf|INF|nan|NaN|NAN))$`)
)

// largestExact is the largest number up to which a float64 holds every integer.
const largestExact = 1 << 53

func (r *reader) convert(y *yaml.Node, inner bool) *Node {
	n := &Node{Line: y.Line, Column: y.Column, Inner: inner}
	r.refuseDecoration(y)
	switch y.Kind {
	case yaml.MappingNode:
		n.Kind, n.Flow = Map, y.Style&yaml.FlowStyle != 0
		r.convertPairs(n, y, inner || n.Flow)
	case yaml.SequenceNode:
		n.Kind, n.Flow = List, y.Style&yaml.FlowStyle != 0
		for _, c := range y.Content {
			n.Items = append(n.Items, r.convert(c, inner || n.Flow))
		}
	case yaml.AliasNode:
		n.Broken = true // reported by refuseDecoration
	default:
		r.convertScalar(n, y)
	}
	return n
}

// refuseDecoration reports anchors, aliases and tags.
func (r *reader) refuseDecoration(y *yaml.Node) {
	if y.Kind == yaml.AliasNode {
		r.add(y.Line, y.Column, RuleAnchor, "`*` begins a YAML alias, and those are refused", "write the value out, or quote it if it is text")
		return
	}
	if y.Anchor != "" {
		r.add(y.Line, y.Column, RuleAnchor, "`&` begins a YAML anchor, and those are refused", "write the value where it is needed, or quote it if it is text")
	}
	if y.Style&yaml.TaggedStyle == 0 || len(r.issues) >= MaxIssues {
		return
	}
	hint := "remove the tag, or quote the text"
	if y.Kind == yaml.ScalarNode && !strings.HasPrefix(y.Tag, "!!") {
		hint = "in a condition write `not " + strings.TrimLeft(y.Tag, "!") + "`; quote the value if it is text"
	}
	r.add(y.Line, y.Column, RuleTag, fmt.Sprintf("`%s` is read as a YAML tag, so the value would be lost", y.Tag), hint)
}

func (r *reader) convertPairs(n *Node, y *yaml.Node, inner bool) {
	seen := make(map[string]*Node, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		value := r.convert(v, inner)
		if k.Kind == yaml.MappingNode && n.Flow {
			r.add(y.Line, y.Column, RuleTemplate, "this is a template of another language", TemplateHint)
			n.Broken = true
			return
		}
		if !r.usableKey(k) {
			n.Damaged = true
			continue
		}
		key := r.convert(k, inner)
		if first := seen[key.Text]; first != nil {
			if r.repeats++; r.repeats <= duplicateShown {
				r.add(key.Line, key.Column, RuleDuplicate, fmt.Sprintf("the key `%s` stands here a second time", key.Text),
					fmt.Sprintf("the first is in line %d: keep one", first.Line))
			}
			continue
		}
		seen[key.Text] = key
		n.Pairs = append(n.Pairs, Pair{key, value})
	}
}

func (r *reader) usableKey(k *yaml.Node) bool {
	switch {
	case k.Kind != yaml.ScalarNode:
		r.add(k.Line, k.Column, RuleKey, "a key must be text", "write a name, `key: value`")
		return false
	case k.Tag == "!!merge" && k.Style == 0:
		r.add(k.Line, k.Column, RuleMerge, "`<<` is a YAML merge key, and those are refused", "write the members out")
		return false
	case k.Tag == "!!null" && k.Style == 0:
		r.add(k.Line, k.Column, RuleKey, "a key must be text, this one is empty", "name the member, or quote the key")
		return false
	}
	return true
}

// convertScalar types a scalar. Quoted ones are text.
func (r *reader) convertScalar(n *Node, y *yaml.Node) {
	n.Text, n.Value = y.Value, y.Value
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.Style = Double
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.Style = Single
	case y.Style&yaml.LiteralStyle != 0:
		n.Style = Literal
	case y.Style&yaml.FoldedStyle != 0:
		n.Style = Folded
	case y.Style&yaml.TaggedStyle != 0:
		n.Broken = true // reported by refuseDecoration
	default:
		r.typePlain(n)
	}
	if n.Style == Double && r.broken[n.Line] && strings.HasPrefix(n.Text, "\uE000broken") {
		n.Broken = true
	}
}

func (r *reader) typePlain(n *Node) {
	switch n.Text {
	case "", "~", "null", "Null", "NULL":
		n.Value = nil
		return
	case "true", "True", "TRUE":
		n.Value = true
		return
	case "false", "False", "FALSE":
		n.Value = false
		return
	}
	switch {
	case ambiguous.MatchString(n.Text):
		r.add(n.Line, n.Column, RuleNumber, fmt.Sprintf("YAML tools do not agree on what `%s` is", n.Text),
			"write a plain decimal number, or quote it if it is text")
		n.Broken = true
	case decimal.MatchString(n.Text), fraction.MatchString(n.Text):
		f, err := strconv.ParseFloat(n.Text, 64)
		if err != nil || decimal.MatchString(n.Text) && (f > largestExact || f < -largestExact) {
			r.add(n.Line, n.Column, RuleNumber, "the number is too large to be kept exactly", "quote it if it is text")
			n.Broken = true
			return
		}
		n.Value = f
	}
}
