package node

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFilterJoinsTerms(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"":                                    Filter("", "").Get("filter"),
		`a eq "1"`:                            Filter("", Equal("a", "1")).Get("filter"),
		`a eq "1" and b eq "2"`:               Filter(Equal("a", "1"), anyOf(Equal("b", "2"))).Get("filter"),
		`a eq "1" and (b eq "2" or c eq "3")`: Filter(Equal("a", "1"), anyOf(Equal("b", "2"), Equal("c", "3"))).Get("filter"),
		`username eq "<a&b>"`:                 Equal("username", "<a&b>"),
		`username eq "\"\\\n"`:                Equal("username", "\"\\\n"),
	} {
		if got != want {
			t.Errorf("filter %q, want %q", got, want)
		}
	}
	if Filter("") == nil {
		t.Error("a query without a filter cannot take another parameter")
	}
}

// FuzzEqual: no value ends its own string, and the service reads back what was given
//
func FuzzEqual(f *testing.F) {
	for _, s := range []string{"", "ben", `"`, `\`, `\"`, `x" or username sw "`, "\x00\n\u2028", "é", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		literal, ok := strings.CutPrefix(Equal("username", value), "username eq ")
		if !ok {
			t.Fatal("the attribute or the operator changed")
		}
		d := json.NewDecoder(strings.NewReader(literal))
		var got string
		if err := d.Decode(&got); err != nil || d.More() || d.InputOffset() != int64(len(literal)) {
			t.Fatalf("%q is not one string: %v", literal, err)
		}
		if utf8.ValidString(value) && got != value {
			t.Fatalf("read back %q, want %q", got, value)
		}
	})
}
