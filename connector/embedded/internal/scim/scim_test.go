package scim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
)

var schema = scim.Schema{
	Attributes: []string{"username", "email", "name.given", "enabled"},
	Operators:  []string{"eq", "sw", "ew", "co"},
}

func christy(attribute string) any {
	return map[string]any{"username": "Christy", "name.given": "Chris \"C\"", "enabled": true}[attribute]
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]bool{
		``:                                   true,
		`username eq "christy"`:              true,
		`UserName EQ "CHRISTY"`:              true,
		`username eq "christ"`:               false,
		`username sw "chr"`:                  true,
		`username ew "sty"`:                  true,
		`username co "RIS"`:                  true,
		`email eq "x"`:                       false,
		`email sw ""`:                        false,
		`enabled eq true`:                    true,
		`enabled eq false`:                   false,
		`enabled eq "true"`:                  false,
		`name.given co "\"c\""`:              true,
		`name.given eq "\u0043hris \"C\""`:   true,
		`username eq "x" or enabled eq true`: true,
		`username eq "x" or enabled eq true and email eq "y"`:             false,
		`(username eq "x" or enabled eq true) and username sw "c"`:        true,
		`( ( username eq "christy" ) )`:                                   true,
		`username eq "christy" AND enabled eq true Or email eq "nothing"`: true,
	} {
		f, err := scim.Parse(src, schema)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := f.Match(christy); got != want {
			t.Errorf("%s: %t, want %t", src, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for src, offset := range map[string]int{
		`username`:                     8,
		`username eq`:                  11,
		`username eq christy`:          12,
		`username eq "christy`:         12,
		`username eq "a\q"`:            12,
		`username ne "x"`:              11,
		`shoe eq "x"`:                  4,
		`username eq "x" and`:          19,
		`username eq "x") `:            15,
		`(username eq "x"`:             16,
		`username eq "x" email eq "y"`: 16,
		`enabled sw true`:              15,
		`not (username eq "x")`:        3,
		`memberOfGroups[id eq "x"]`:    14,
		strings.Repeat("(", 20) + `username eq "x"` + strings.Repeat(")", 20): 16,
		strings.Repeat(`username eq "x" or `, 64) + `username eq "x"`:         1216,
		`username eq "` + strings.Repeat("x", scim.MaxLength) + `"`:           0,
	} {
		_, err := scim.Parse(src, schema)
		var e *scim.Error
		if !errors.As(err, &e) || e.Offset != offset {
			t.Errorf("%.40s: error %v, want one at %d", src, err, offset)
		}
	}
}

// Equal finds only what every match must have.
func TestEqual(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`username eq "a"`:                                          "a",
		`enabled eq true and username eq "a"`:                      "a",
		`username eq "a" or username eq "b"`:                       "",
		`username sw "a"`:                                          "",
		`(username eq "a" or enabled eq true) and enabled eq true`: "",
		``: "",
	} {
		f, err := scim.Parse(src, schema)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.Equal("username"); got != want || ok != (want != "") {
			t.Errorf("%s: %q %t, want %q", src, got, ok, want)
		}
	}
}

// Parse never panics, and what it takes can be evaluated.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`username eq "a" and (email sw "b" or enabled eq true)`, `((`, `username eq "\`, `username eq "\u12`, "username\x00eq"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		filter, err := scim.Parse(src, schema)
		if err == nil {
			filter.Match(christy)
			filter.Equal("username")
		}
	})
}
