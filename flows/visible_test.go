package flows_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/flows"
)

// hostile are texts that authors, users and attackers write.
var hostile = rapid.Custom(func(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{
		"%%{init: {'theme':'dark','securityLevel':'loose'}}%%", "%% gone", "%%", "\x1b[2J", "\x1b]0;x\a", "\u009b31m", "\u202e", "\u2066", "\u2069", "\u200b", "\ufeff", "\u00ad", "\u2028",
		`"]`, "; click n0 href \"javascript:alert(1)\"", "`**bold**`", "$$x^2$$", "<img src=x onerror=alert(1)>", "\n", "\r\n", "\t", "-->|x|", "end", "```", "#quot;", "#34;", "&#34;",
		"\x7f", "\x00", "\x08", "fa:fa-x", "style n0 fill:#f00;", "subgraph x", "@{ shape: x }", ":::c", "\U000e0041", "\ue000", "中", "e\u0301", "\xff", "\xc3", "~~~", "{", "}", "|", "\\",
	}), rapid.String()), 0, 8).Draw(t, "parts"), "")
})

// quoted is a text as YAML and JSON have it between quotes.
func quoted(s string) string { return strconv.QuoteToASCII(strings.ToValidUTF8(s, "?")) }

// mermaidLine is all that a line of a graph may be: labels hold letters, digits, plain
// punctuation, entities and our own line break.
var mermaidLine = regexp.MustCompile(`^(flowchart TD|  start\(\(start\)\) --> n\d+|  any\(\(any error\)\)|  n\d+(\[/|\[\[|\(\[|\[|\{)"LABEL"(/\]|\]\]|\]\)|\]|\})|  (n\d+|any) (-->|-\.->)(\|"LABEL"\|)? n\d+)$`)

// TestNothingAnAuthorWritesIsMermaid: whatever stands in titles, screens, conditions, errors
// and outcomes, a graph has only the syntax that it is made of.
func TestNothingAnAuthorWritesIsMermaid(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`"(?:[\pL\p{Nd} _\-.,()\[\]=+*/?!'…]|#[0-9]{1,7};|<br/>)*"`)
	rapid.Check(t, func(t *rapid.T) {
		var q []any
		for range 8 {
			q = append(q, quoted(hostile.Draw(t, "text")))
		}
		literal := strings.NewReplacer(`\`, "", `"`, "").Replace(hostile.Draw(t, "literal"))
		src := "schema: flow/v1\nid: f\ntitle: " + q[0].(string) + "\nstart: a\ncatch: { else: z }\nnodes:\n" +
			"  a: { show: " + q[1].(string) + ", next: { submit: b, " + q[2].(string) + ": z } }\n" +
			"  b:\n    next:\n      - { when: " + quoted(`inputs.x == "`+literal+`"`) + ", then: z, message: " + q[3].(string) + " }\n      - { then: m }\n" +
			"  m: { match: " + quoted(`"`+literal+`"`) + ", next: { " + q[4].(string) + ": z, else: z } }\n" +
			"  " + q[5].(string) + ": { end: " + q[6].(string) + ", error: " + q[7].(string) + " }\n" +
			"  z: { end: failed }\n"
		f, _ := flows.Parse("f.yaml", []byte(src))
		if f == nil {
			return
		}
		graph := flows.Mermaid(f)
		for line := range strings.SplitSeq(strings.TrimSuffix(graph, "\n"), "\n") {
			if !mermaidLine.MatchString(label.ReplaceAllString(line, `"LABEL"`)) {
				t.Errorf("%q is not a line of a graph", line)
			}
		}
		if got := firstObeyed(graph); got != "" {
			t.Errorf("the graph holds %q", got)
		}
	})
}

// firstObeyed is the first character of a text that is not to be seen, but obeyed.
func firstObeyed(s string) string {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") || r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
			return s[i:min(i+4, len(s))]
		}
	}
	return ""
}

// TestEscapedTextIsSeenAndIsTheSameJSON: no control is left, what was visible stays as it is,
// and a JSON text says the same.
func TestEscapedTextIsSeenAndIsTheSameJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := hostile.Draw(t, "text")
		escaped := flows.EscapeControls(text)
		if got := firstObeyed(escaped); got != "" {
			t.Errorf("%q is left as %q, with %q", text, escaped, got)
		}
		if firstObeyed(text) == "" && escaped != text {
			t.Errorf("%q became %q", text, escaped)
		}
		doc, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		if err := json.Unmarshal(doc, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(flows.EscapeControls(string(doc))), &after); err != nil || before != after {
			t.Errorf("%s became %q: %v", doc, after, err)
		}
	})
}

// TestCaretStandsBelowItsColumn: also behind characters that are written out, wide or none.
func TestCaretStandsBelowItsColumn(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]string{
		"":                   `  a: { text: "", uses: mfa/none, next: z }`,
		"\u202e\u2066\u200b": `  a: { text: "\u202e\u2066\u200b", uses: mfa/none, next: z }`,
		"\u009b\U000e0041":   `  a: { text: "\u009b\udb40\udc41", uses: mfa/none, next: z }`,
		"x\u0085y\u2028z":    `z", uses: mfa/none, next: z }`,
		"e\u0301":            "  a: { text: \"e\u0301\", uses: mfa/none, next: z }",
		"中文":                 `  a: { text: "中文", uses: mfa/none, next: z }`,
	} {
		src := "schema: flow/v1\nid: f\nstart: a\nnodes:\n  a: { text: \"" + before + "\", uses: mfa/none, next: z }\n  z: { end: success }\n"
		_, problems := load(t, "f.yaml", []byte(src))
		found := false
		for _, p := range problems {
			if p.Rule != "unknown-capability" {
				continue
			}
			found = true
			cells := strings.Index(want, "mfa/none") + map[string]int{"e\u0301": -2, "中文": -2}[before]
			if got := cmp.Diff(want+"\n"+strings.Repeat(" ", cells)+"^", p.Snippet); got != "" {
				t.Errorf("%q (-want +got):\n%s", before, got)
			}
		}
		if !found {
			t.Errorf("%q: no problem with a snippet: %v", before, problems)
		}
	}
}
