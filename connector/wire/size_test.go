package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/wire"
)

func TestMeasureJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]wire.JSONSize{
		``: {}, ` `: {}, `1`: {1, 0}, ` -1.5e+3 `: {1, 0}, `"a"`: {1, 0}, `"a,[{:\"1"`: {1, 0}, `"\\"`: {1, 0},
		`[]`: {1, 1}, `{}`: {1, 1}, `[[],[]]`: {3, 2}, `[1,2 ,3]`: {4, 1}, `[1,"2",null,true]`: {5, 1},
		`{"a":1}`: {2, 1}, `{"a" : {"b":[false]}}`: {4, 3}, `{"a":"b","c":"d"}`: {3, 1}, "{\"a\":\n\t1}": {2, 1},
	} {
		if got := wire.MeasureJSON([]byte(text)); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

func TestMeasureJSONMakesNothing(t *testing.T) { // not parallel: it counts allocations
	text := []byte(strings.Repeat(`[{"a":"b"},`, 1000))
	if n := testing.AllocsPerRun(10, func() { wire.MeasureJSON(text) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// FuzzMeasureJSON compares the count with what encoding/json makes of the text.
func FuzzMeasureJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",{"b":null}]}`, `[[[]]]`, `"\u0022,"`, `{"":{}}`, `[0,-1e9,true]`, `{"a`, `:::`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := wire.MeasureJSON(text)
		if !json.Valid(text) {
			return
		}
		if want := sizeByTokens(t, string(text)); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	})
}

// sizeByTokens measures by the standard decoder's tokens, duplicate members included.
func sizeByTokens(t *testing.T, text string) (s wire.JSONSize) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var walk func(depth int)
	walk = func(depth int) {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		s.Values++
		if tok != json.Delim('{') && tok != json.Delim('[') {
			return
		}
		s.Depth = max(s.Depth, depth+1)
		for d.More() {
			if tok == json.Delim('{') {
				if _, err := d.Token(); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
			}
			walk(depth + 1)
		}
		if _, err := d.Token(); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	walk(0)
	return s
}
