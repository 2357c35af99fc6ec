package risk

import (
	"encoding/json"
	"fmt"

	"github.com/expr-lang/expr/vm"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// PolicySet says which rules there are and what their scores add up to. `rules` is ours;
// the rest has PingOne's shape, its riskPolicies being the two thresholds.
type PolicySet struct {
	Links         rest.LinkSet `json:"_links,omitempty"`
	ID            string       `json:"id,omitempty"`
	Environment   *rest.Ref    `json:"environment,omitempty"`
	Name          string       `json:"name"`
	Description   string       `json:"description,omitempty"`
	Default       bool         `json:"default"`
	DefaultResult *levelOnly   `json:"defaultResult,omitempty"`
	Policies      []threshold  `json:"riskPolicies"`
	Rules         []Rule       `json:"rules"`
	UpdatedAt     *rest.Time   `json:"updatedAt,omitempty"`
}

type levelOnly struct {
	Level string `json:"level"`
}

// threshold is a risk policy: which sum of scores leads to a level.
type threshold struct {
	Name      string    `json:"name"`
	Priority  int       `json:"priority"`
	Condition condition `json:"condition"`
	Result    levelOnly `json:"result"`
}

type condition struct {
	Type    string  `json:"type"` // AGGREGATED_SCORES
	Scores  []score `json:"aggregatedScores,omitempty"`
	Between between `json:"between"`
}

type score struct {
	Value string `json:"value"`
	Score int    `json:"score"`
}

type between struct {
	Min int `json:"minScore"`
	Max int `json:"maxScore"`
}

// compiled is a policy set with its rules ready to run.
type compiled struct {
	*PolicySet
	rev          uint64
	medium, high int
	programs     []*vm.Program // nil for a rule that does not compile
}

func policyKey(env string) store.Key { return store.K(env, "riskpolicy") }

// policy reads the policy set in every unit, so that it is checked at commit, but compiles
// each revision once.
func (s *Risk) policy(c *rest.Call) (*compiled, error) {
	k := policyKey(c.Env)
	_, mine := c.Tx.Pending(k)
	recs, err := c.Tx.Get(k)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k, err)
	}
	s.mu.Lock()
	p := s.compiled
	s.mu.Unlock()
	if p != nil && p.rev == recs[0].Rev && !mine {
		return p, nil
	}
	set := initial(c.Env)
	if recs[0].Rev != 0 {
		set = &PolicySet{}
		if err := json.Unmarshal(recs[0].Value, set); err != nil {
			return nil, fmt.Errorf("record %s: %w", k, err)
		}
	}
	p = prepare(set, recs[0].Rev)
	if !mine {
		s.mu.Lock()
		s.compiled = p
		s.mu.Unlock()
	}
	return p, nil
}

// prepare compiles the rules. One that a later version cannot compile stays, and counts
// as a HIGH one.
func prepare(set *PolicySet, rev uint64) *compiled {
	p := &compiled{PolicySet: set, rev: rev}
	p.medium, p.high = set.thresholds()
	for _, r := range set.Rules {
		program, err := compile(r.When)
		if err != nil {
			program = nil
		}
		p.programs = append(p.programs, program)
	}
	return p
}

// level is what a sum of scores means.
func (s *compiled) level(total int) string {
	switch {
	case total >= s.high:
		return High
	case total >= s.medium:
		return Medium
	}
	return Low
}

func (s *PolicySet) thresholds() (medium, high int) {
	for _, p := range s.Policies {
		switch p.Result.Level {
		case Medium:
			medium = p.Condition.Between.Min
		case High:
			high = p.Condition.Between.Min
		}
	}
	return medium, high
}

// maxScore is PingOne's highest sum of scores.
const maxScore = 1000

// initial is the policy set of an environment that has changed nothing.
func initial(env string) *PolicySet {
	set := &PolicySet{ID: rest.FixedID(env, "riskPolicySet"), Name: "Default Risk Policy", Rules: defaultRules()}
	set.complete(defaultMedium, defaultHigh)
	return set
}

// complete derives what follows from thresholds and rules.
func (s *PolicySet) complete(medium, high int) {
	s.Default, s.DefaultResult = true, &levelOnly{Low}
	var scores []score
	at := map[string]int{}
	for _, r := range s.Rules {
		name := r.Predictor.CompactName
		i, known := at[name]
		if !known {
			i = len(scores)
			at[name] = i
			scores = append(scores, score{Value: "${details." + name + ".level}"})
		}
		scores[i].Score = max(scores[i].Score, r.Score)
	}
	part := func(name string, priority, least, most int) threshold {
		return threshold{Name: name, Priority: priority, Result: levelOnly{name},
			Condition: condition{Type: "AGGREGATED_SCORES", Scores: scores, Between: between{least, most}}}
	}
	s.Policies = []threshold{part(High, 1, high, maxScore), part(Medium, 2, medium, high)}
}
