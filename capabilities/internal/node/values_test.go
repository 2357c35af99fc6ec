package node

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value  string
		custom any
		want   string
	}{
		{"EMAIL", "SMS", "EMAIL"},
		{"", "SMS", ""},
		{"enterDeviceType", "SMS", "SMS"},
		{"enterDeviceType", nil, ""},
		{"enterCustomValue", map[string]any{"value": "short"}, "short"},
		{"enterNotificationPolicyId", map[string]any{"id": "np1"}, "np1"},
		{"enterApplicationId", map[string]any{"colour": "red"}, ""},
		{"enterprise", "x", "enterprise"},
		{"enter", "x", "enter"},
		{"enterDevice Type", "x", "enterDevice Type"},
	} {
		if got := Choose(c.value, c.custom); got != c.want {
			t.Errorf("Choose(%q, %v) = %q, want %q", c.value, c.custom, got, c.want)
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	got := Pairs([]map[string]any{{"key": "a", "value": "1"}, {"name": "b", "value": 2.0}, {"value": "lost"}, {}, {"key": "a", "value": "last"}})
	if diff := cmp.Diff(map[string]any{"a": "last", "b": 2.0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	got := Refs([]any{"a", map[string]any{"id": "b"}, map[string]any{"value": "c"}, "", nil, 7.0})
	if diff := cmp.Diff([]any{Ref("a"), Ref("b"), Ref("c")}, got); diff != "" {
		t.Error(diff)
	}
}

func TestObjectLeavesOutWhatIsEmpty(t *testing.T) {
	t.Parallel()
	o := Object{}.Put("nil", nil).Put("text", "").Put("off", false).Put("empty", Object{}).
		Put("map", map[string]any{}).PutRef("ref", "").
		Put("a", "1").Put("b", true).Put("c", Object{}.PutRef("d", "2")).Put("e", map[string]any{"f": nil})
	doc, err := json.Marshal(o)
	if want := `{"a":"1","b":true,"c":{"d":{"id":"2"}},"e":{"f":null}}`; err != nil || string(doc) != want {
		t.Errorf("%s (%v), want %s", doc, err, want)
	}
}

func TestTrue(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "": false, "1": false, "yes": false} {
		if True(s) != want {
			t.Errorf("True(%q) = %v", s, !want)
		}
	}
}
