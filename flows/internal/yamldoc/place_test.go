package yamldoc_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// TestPlaceOfEveryCharacter writes a text in every style and finds each character of it
// where it stands.
func TestPlaceOfEveryCharacter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zé"'\\ü0-9.(]{1,6}`), 1, 5).Draw(t, "words")
		value, style := written(t, words)
		src := "é: " + value + "\nz: 1\n"
		doc, issues := yamldoc.Read([]byte(src))
		if len(issues) > 0 {
			return // some words are no YAML in this style
		}
		n := doc.Root.Pairs[0].Value
		lines := strings.Split(src, "\n")
		for i, c := range n.Text {
			if c == ' ' || c == '\n' {
				continue
			}
			line, col := doc.Place(n, i)
			at := []rune(lines[line-1])[col-1]
			escaped := style == "double" && at == '\\'
			if at != c && !escaped {
				t.Fatalf("%s: character %d (%c) of %q is said to be at %d:%d, where %c stands\n%s", style, i, c, n.Text, line, col, at, src)
			}
		}
		if line, col := doc.Place(n, len(n.Text)+5); line > len(lines) || col > utf8.RuneCountInString(lines[line-1])+2 {
			t.Fatalf("the end is said to be at %d:%d\n%s", line, col, src)
		}
	})
}

// written writes words in a style, on several lines.
func written(t *rapid.T, words []string) (value, style string) {
	style = rapid.SampledFrom([]string{"plain", "plain lines", "single", "double", "literal", "folded"}).Draw(t, "style")
	lines := strings.Join(words, "\n    ")
	switch style {
	case "plain":
		return strings.Join(words, " "), style
	case "plain lines":
		return lines, style
	case "single":
		return "'" + strings.ReplaceAll(lines, "'", "''") + "'", style
	case "double":
		var b strings.Builder
		for _, c := range strings.ReplaceAll(lines, `\`, `\\`) {
			switch {
			case c == '"':
				b.WriteString(`\"`)
			case c == 'é':
				fmt.Fprintf(&b, `\u%04x`, c)
			default:
				b.WriteRune(c)
			}
		}
		return `"` + b.String() + `"`, style
	case "literal":
		return "|\n    " + lines, style
	}
	return ">-\n    " + lines, style
}

func TestScalarsOfYAML12(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"yes": "yes", "off": "off", "on": "on", "2024-01-01": "2024-01-01", "12:30": "12:30", "1e3": 1000.0, "-0.5": -0.5, ".5": 0.5,
		"true": true, "False": false, "~": nil, "": nil, "null": nil, "nil": "nil", "'12'": "12", `"true"`: "true", "+7": 7.0, "1.": 1.0, "1.2.3": "1.2.3",
		"9007199254740992": 9007199254740992.0, "=x": "=x", "a#b": "a#b",
	} {
		doc, issues := yamldoc.Read([]byte("k: " + text + "\n"))
		if len(issues) > 0 {
			t.Errorf("%s is refused: %v", text, issues)
			continue
		}
		if got := doc.Root.Get("k").Value; got != want {
			t.Errorf("%s is %#v, want %#v", text, got, want)
		}
	}
	for _, text := range []string{"0123", "0x1F", "0o17", "0b1", "1_000", ".inf", "-.Inf", ".NaN", "9007199254740993000", "1e999"} {
		if _, issues := yamldoc.Read([]byte("k: " + text + "\n")); len(issues) != 1 || issues[0].Rule != yamldoc.RuleNumber {
			t.Errorf("%s: issues %v, want %s", text, issues, yamldoc.RuleNumber)
		}
	}
}

func TestSeveralMistakesAreFoundAtOnce(t *testing.T) {
	t.Parallel()
	src := "a: b: c\nb: { x: =y[0].z }\nc: \"q\" in z\nd: &x 1\nd: 2\n"
	_, issues := yamldoc.Read([]byte(src))
	var got []string
	for _, i := range issues {
		got = append(got, fmt.Sprintf("%s %d:%d", i.Rule, i.Line, i.Column))
	}
	want := "yaml-colon 1:5, yaml-flow-bracket 2:9, yaml-quote-start 3:4, yaml-anchor 4:4, duplicate-key 5:1"
	if strings.Join(got, ", ") != want {
		t.Errorf("issues %s\nwant   %s", strings.Join(got, ", "), want)
	}
}
