package scim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

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

var timed = scim.Schema{Attributes: []string{"at", "type"}, Operators: []string{"eq"}, Times: []string{"at"}}

func TestTimes(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	get := func(attribute string) any { return map[string]any{"at": noon, "type": "X"}[attribute] }
	for src, want := range map[string]bool{
		`at gt "2026-11-22T11:59:59.999Z"`:                                 true,
		`at gt "2026-11-22T12:00:00Z"`:                                     false,
		`at ge "2026-11-22T13:00:00+01:00"`:                                true,
		`at lt "2026-11-22T12:00:00Z"`:                                     false,
		`at le "2026-11-22T12:00:00Z"`:                                     true,
		`at lt "2026-11-22T12:00:00.001Z" and type eq "x"`:                 true,
		`at gt "2026-11-23T12:00:00Z" or at lt "2026-11-22T12:00:00.001Z"`: true,
		`type eq "2026-11-22T12:00:00Z"`:                                   false,
	} {
		f, err := scim.Parse(src, timed)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := f.Match(get); got != want {
			t.Errorf("%s: %t, want %t", src, got, want)
		}
	}
	for src, offset := range map[string]int{
		`at eq "2026-11-22T12:00:00Z"`: 5,
		`type gt "x"`:                  7,
		`at gt "yesterday"`:            6,
		`at gt true`:                   6,
		`at gt 2026`:                   6,
	} {
		_, err := scim.Parse(src, timed)
		var e *scim.Error
		if !errors.As(err, &e) || e.Offset != offset {
			t.Errorf("%s: error %v, want one at %d", src, err, offset)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for src, want := range map[string][2]string{
		`at gt "2026-01-01T00:00:00Z"`: {"2026", ""},
		`at gt "2026-01-01T00:00:00Z" and at ge "2027-01-01T00:00:00Z" and at lt "2029-01-01T00:00:00Z" and at le "2028-01-01T00:00:00Z"`: {"2027", "2028"},
		`at gt "2026-01-01T00:00:00Z" or type eq "x"`: {"", ""},
		`type eq "x"`: {"", ""},
		``:            {"", ""},
	} {
		f, err := scim.Parse(src, timed)
		if err != nil {
			t.Fatal(err)
		}
		year := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format("2006")
		}
		from, to := f.Bounds("at")
		if got := [2]string{year(from), year(to)}; got != want {
			t.Errorf("%s: %v, want %v", src, got, want)
		}
	}
}
