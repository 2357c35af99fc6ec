package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// randomFlow draws the source of a flow, well-formed as YAML: maps in both styles,
// quoted and block scalars, comments and blank lines wherever they may stand.
func randomFlow(t *rapid.T) string {
	var b strings.Builder
	line := func(indent int, text string) {
		if rapid.IntRange(0, 9).Draw(t, "comment above") == 0 {
			b.WriteString(strings.Repeat(" ", indent) + "# " + rapid.StringMatching(`[a-z #:{},]{0,12}`).Draw(t, "comment") + "\n")
		}
		if rapid.IntRange(0, 9).Draw(t, "blank above") == 0 {
			b.WriteString("\n")
		}
		b.WriteString(strings.Repeat(" ", indent) + text)
		if rapid.IntRange(0, 9).Draw(t, "comment behind") == 0 && !strings.Contains(text, "\n") {
			b.WriteString("   # " + rapid.StringMatching(`[a-z=]{0,8}`).Draw(t, "behind"))
		}
		b.WriteString("\n")
	}
	line(0, "schema: flow/v1")
	line(0, "id: random")
	line(0, "start: n0")
	nodes := rapid.IntRange(1, 6).Draw(t, "nodes")
	id := func() string { return fmt.Sprintf("n%d", rapid.IntRange(0, nodes).Draw(t, "target")) }
	line(0, "nodes:")
	for i := range nodes {
		randomNode(t, line, i, id)
	}
	line(2, fmt.Sprintf("n%d: { end: %s }", nodes, rapid.SampledFrom([]string{"failed", "canceled", "success"}).Draw(t, "end")))
	if rapid.Bool().Draw(t, "messages") {
		line(0, "messages: { en: { my.key: "+randomScalar(t)+" } }")
	}
	return b.String()
}

func randomNode(t *rapid.T, line func(int, string), i int, id func() string) {
	line(2, fmt.Sprintf("n%d:", i))
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		line(4, "show: username-password")
		line(4, fmt.Sprintf("next: { submit: %s, cancel: %s }", id(), id()))
		if rapid.Bool().Draw(t, "timeout") {
			line(4, "timeout: 5m")
		}
	case 1:
		line(4, "uses: user/check-password")
		line(4, "with:")
		line(6, "username: "+randomScalar(t))
		line(6, "password: "+randomBlock(t))
		line(4, "next: "+id())
		line(4, fmt.Sprintf("catch: { INVALID_CREDENTIALS: { then: %s, message: sign_on.invalid }, else: %s }", id(), id()))
	case 2:
		line(4, "next:")
		for range rapid.IntRange(0, 2).Draw(t, "cases") {
			line(6, "- when: "+rapid.SampledFrom([]string{"=len(inputs) > 0", "true", `"='a' in keys(inputs)"`, "=  not has(error)", "'=true'"}).Draw(t, "when"))
			line(8, "then: "+id())
		}
		line(6, "- then: "+id())
	case 3:
		line(4, "match: "+rapid.SampledFrom([]string{"client.webauthn", "=client.webauthn", `"=client.webauthn"`}).Draw(t, "match"))
		line(4, fmt.Sprintf("next: { FULL: %s, true: %s, 1: %s, else: %s }", id(), id(), id(), id()))
	default:
		line(4, "set: { a: "+randomScalar(t)+", b: [1, { c: "+randomScalar(t)+" }] }")
		line(4, "next: "+id())
	}
}

func randomScalar(t *rapid.T) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"=nodes.n0.form.username", "true", "12", "-1.5e3", "null", "~", "'it''s # fine'", `"tab\tand \u00e9"`, "a:b", "a#b", "'='", "é ü", `'=inputs.a ? 1 : 2'`, `"=f(x, 1)"`}),
		rapid.StringMatching(`[a-z][a-z0-9./_-]{0,10}`),
		rapid.Map(rapid.StringMatching(`[ -~é]{0,16}`), func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }),
	).Draw(t, "scalar")
}

// randomBlock draws a scalar that may have several lines, for a key indented by six.
func randomBlock(t *rapid.T) string {
	text := rapid.SampledFrom([]string{"a b", "=len(inputs) > 0 and\nhas(error)", "x # no comment\ny", "a\n\nb", "b\n  more\nc", "trail \nb"}).Draw(t, "block")
	head := rapid.SampledFrom([]string{"|", "|-", ">", ">-", "|+", "|2", `"`, "'"}).Draw(t, "head")
	lines := strings.Split(text, "\n")
	for i := range lines {
		if lines[i] != "" {
			lines[i] = "        " + lines[i]
		}
	}
	if head == `"` || head == "'" {
		return head + strings.TrimSpace(strings.Join(lines, "\n")) + head
	}
	return head + "\n" + strings.Join(lines, "\n")
}

func TestFormatOfRandomFlows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		src := randomFlow(rt)
		formatOnce(rt, src)
	})
}
