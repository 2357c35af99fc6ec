package embedded_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// riskPolicy is the policy set as it is.
func (w *world) riskPolicy() (path string, set obj) {
	w.t.Helper()
	r := w.api("GET", "riskPolicySets", nil).want(200, "")
	path = "riskPolicySets/" + r.text("_embedded.riskPolicySets.0.id")
	return path, w.api("GET", path, nil).want(200, "").Body
}

func rule(when string) obj {
	return obj{"name": "mine", "when": when, "level": "MEDIUM", "score": 30, "predictor": obj{"compactName": "mine", "type": "MAP"}}
}

// The policy set read can be written back; thresholds and rules then rule, for
// evaluations from then on.
func TestRiskPolicySet(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		path, set := w.riskPolicy()
		same := w.api("PUT", path, set).want(200, "").Body
		delete(same, "updatedAt")
		if d := cmp.Diff(set, same); d != "" {
			t.Error(d)
		}
		wantRisk(t, w.evaluate(user, nil), "MEDIUM", 40)
		policies := set["riskPolicies"].([]any)
		for i, least := range []float64{90, 20} {
			policies[i].(obj)["condition"].(obj)["between"].(obj)["minScore"] = least
		}
		set["rules"] = []any{rule(`flow == "REGISTRATION" or flow in ["ACCESS"] and hour == 9`)}
		changed := w.api("PUT", path, set).want(200, "")
		if changed.at("riskPolicies.0.condition.between.minScore") != 90.0 || changed.at("riskPolicies.1.condition.between.maxScore") != 90.0 {
			t.Errorf("%s", changed.Raw)
		}
		wantRisk(t, w.evaluate(user, nil), "LOW", 0)
		r := w.evaluate(user, obj{"flow": obj{"type": "ACCESS"}})
		wantRisk(t, r, "MEDIUM", 30)
		if d := cmp.Diff([]string{"mine"}, keys(r.at("details"))); d != "" {
			t.Error(d)
		}
		if n := len(w.audited("RISK_POLICY_SET.UPDATED")); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// Fail closed: a rule that cannot be computed counts as HIGH, with twice the score of a
// MEDIUM one.
func TestRiskRuleThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	path, set := w.riskPolicy()
	set["rules"] = []any{rule("successes % userFailures == 0")}
	w.api("PUT", path, set).want(200, "")
	r := w.evaluate(user, nil)
	wantRisk(t, r, "MEDIUM", 60)
	if r.text("details.mine.level") != "HIGH" {
		t.Errorf("%s", r.Raw)
	}
}

// Rules reach nothing but the facts, and cannot run long.
func TestRiskRulesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, set := w.riskPolicy()
	for _, when := range []string{
		"", "1", "hour", "nothing", "newBrowser and", "facts.hour == 1", "$env.hour == 1", `"a" matches "(a+)+$"`,
		"len([1]) == 1", "all([1], # == 1)", "any(1..1000000, # == 1)", "1 in 1..100000000", "hour ** 99 > 1", `repeat("x", 1000000) == ""`,
		`now().Year() == 1`, `flow.Danger()`, `let x = hour; x == 1`, `{"a": 1}.a == 1`, `hour == "9"`, `flow[0:1] == "A"`,
		strings.Repeat("newBrowser and ", 40) + "true", strings.Repeat(" ", 500) + "true",
	} {
		set["rules"] = []any{rule(when)}
		if r := w.api("PUT", path, set); r.Status != 400 || !strings.HasPrefix(r.text("details.0.target"), "rules[0].when") {
			t.Errorf("%.60q: %d %s", when, r.Status, r.Raw)
		}
	}
	for name, change := range map[string]func(obj){
		"no name":       func(o obj) { o["name"] = "" },
		"one threshold": func(o obj) { o["riskPolicies"] = o["riskPolicies"].([]any)[:1] },
		"no thresholds": func(o obj) { delete(o, "riskPolicies") },
		"weights":       func(o obj) { o["riskPolicies"].([]any)[0].(obj)["condition"].(obj)["type"] = "AGGREGATED_WEIGHTS" },
		"many rules":    func(o obj) { o["rules"] = make([]any, 31) },
		"low level":     func(o obj) { r := rule("true"); r["level"] = "LOW"; o["rules"] = []any{r} },
		"big score":     func(o obj) { r := rule("true"); r["score"] = 101; o["rules"] = []any{r} },
		"odd predictor": func(o obj) {
			r := rule("true")
			r["predictor"] = obj{"compactName": "a.b", "type": "MAP"}
			o["rules"] = []any{r}
		},
	} {
		_, set := w.riskPolicy()
		change(set)
		if r := w.api("PUT", path, set); r.Status != 400 {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
		}
	}
	w.api("PUT", "riskPolicySets/00000000-0000-4000-8000-000000000000", set).want(404, "NOT_FOUND")
	w.api("GET", "riskPolicySets/00000000-0000-4000-8000-000000000000", nil).want(404, "NOT_FOUND")
}
