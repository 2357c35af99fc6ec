package rest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

type inner struct {
	Given *string `json:"given"`
}

type outer struct {
	inner
	OTP   string     `json:"otp"`
	Name  *inner     `json:"name"`
	Order []rest.Ref `json:"order"`
	Map   any        `json:"map"`
	At    *rest.Time `json:"at"`
}

// Names are case-sensitive at every depth; unknown and foreign-case ones are ignored; of
// duplicates the last one counts.
func TestDecode(t *testing.T) {
	t.Parallel()
	x, y := "x", "y"
	for body, want := range map[string]outer{
		``: {}, `null`: {}, `{}`: {}, ` { } `: {},
		`{"otp":"1","OTP":"2","Otp":"3"}`:            {OTP: "1"},
		`{"OTP":"2"}`:                                {},
		`{"otp":"1","otp":"2"}`:                      {OTP: "2"},
		`{"name":{"Given":"x"}}`:                     {Name: &inner{}},
		`{"name":{"given":"x"},"given":"y","zoo":1}`: {Name: &inner{&x}, inner: inner{&y}},
		`{"order":[{"ID":"a"},{"id":"b","x":1}]}`:    {Order: []rest.Ref{{}, {ID: "b"}}},
		`{"map":{"AnyCase":1}}`:                      {Map: map[string]any{"AnyCase": 1.0}},
		`{"name":null}`:                              {},
	} {
		var got outer
		c := rest.Call{Body: []byte(body)}
		if err := c.Decode(&got); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(outer{})); d != "" {
			t.Errorf("%s: %s", body, d)
		}
	}
}

func TestDecodeRefused(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"otp":7}`:            "INVALID_VALUE",
		`{"name":{"given":7}}`: "INVALID_VALUE",
		`{"order":{}}`:         "INVALID_VALUE",
		`[]`:                   "INVALID_REQUEST",
		`"x"`:                  "INVALID_REQUEST",
		`{"otp":"1"} x`:        "INVALID_REQUEST",
		`{`:                    "INVALID_REQUEST",
	} {
		c := rest.Call{Body: []byte(body)}
		p, ok := rest.ProblemOf(c.Decode(&outer{}))
		if !ok || p.Body.FirstCode() != want {
			t.Errorf("%s: %v, want %s", body, p, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"otp":"1"}`, `{"order":[{"id":"x"}]}`, `{"name":{"given":null}}`, `[`, `{"at":"2026-01-01T00:00:00Z"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := rest.Call{Body: body}
		if err := c.Decode(&outer{}); err != nil {
			if _, ok := rest.ProblemOf(err); !ok {
				t.Errorf("%q: %v is no refusal", body, err)
			}
		}
	})
}
