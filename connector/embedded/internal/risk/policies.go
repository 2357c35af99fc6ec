package risk

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// The limits of a policy set: what an evaluation computes is bounded by them.
const (
	maxRules = 30
	maxName  = 256
)

func showPolicy(c *rest.Call, p *PolicySet) PolicySet {
	out := *p
	out.Links = rest.LinkSet{"self": c.Links.API("riskPolicySets", p.ID), "environment": c.Links.API()}
	out.Environment = &rest.Ref{ID: c.Env}
	return out
}

func (s *Risk) listPolicies(c *rest.Call) (rest.Reply, error) {
	p, err := s.policy(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(map[string]any{
		"_links":    rest.LinkSet{"self": c.Links.API("riskPolicySets")},
		"_embedded": map[string]any{"riskPolicySets": []PolicySet{showPolicy(c, p.PolicySet)}},
		"count":     1, "size": 1,
	})
}

// find reads the policy set of the path: 404 for any but the only one.
func (s *Risk) find(c *rest.Call) (*compiled, error) {
	id, err := c.ID("riskPolicySetID")
	if err != nil {
		return nil, err
	}
	p, err := s.policy(c)
	if err == nil && p.ID != id {
		err = rest.Missing()
	}
	return p, err
}

func (s *Risk) readPolicy(c *rest.Call) (rest.Reply, error) {
	p, err := s.find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(showPolicy(c, p.PolicySet))
}

// writePolicy answers PUT: name, description, the thresholds of riskPolicies, and rules,
// which stay as they are if none are given.
func (s *Risk) writePolicy(c *rest.Call) (rest.Reply, error) {
	old, err := s.find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	set := &PolicySet{}
	if err := c.Decode(set); err != nil {
		return rest.Reply{}, err
	}
	if set.Rules == nil {
		set.Rules = old.Rules
	}
	if err := set.validate(); err != nil {
		return rest.Reply{}, err
	}
	set.Links, set.Environment, set.ID, set.UpdatedAt = nil, nil, old.ID, rest.At(c.Tx.Now())
	set.complete(set.thresholds())
	if err := c.Put(policyKey(c.Env), set); err != nil {
		return rest.Reply{}, err
	}
	if err := c.Audit(rest.Event{Type: "RISK_POLICY_SET.UPDATED", ResourceType: "RISK_POLICY_SET", ResourceID: set.ID}); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(showPolicy(c, set))
}

func (s *PolicySet) validate() error {
	switch {
	case strings.TrimSpace(s.Name) == "":
		return rest.Required("name")
	case utf8.RuneCountInString(s.Name) > maxName:
		return rest.TooLong("name", maxName)
	case utf8.RuneCountInString(s.Description) > maxText:
		return rest.TooLong("description", maxText)
	case s.Policies == nil:
		return rest.Required("riskPolicies")
	case len(s.Policies) != 2:
		return rest.Invalid("riskPolicies", "must be two, one for MEDIUM and one for HIGH")
	}
	for i, p := range s.Policies {
		if p.Condition.Type != "AGGREGATED_SCORES" {
			return rest.Invalid(fmt.Sprintf("riskPolicies[%d].condition.type", i), "must be AGGREGATED_SCORES")
		}
	}
	if medium, high := s.thresholds(); medium < 1 || high <= medium || high > maxScore {
		return rest.Invalid("riskPolicies", "must have a minScore for MEDIUM from 1 on, and for HIGH above that up to 1000")
	}
	if len(s.Rules) > maxRules {
		return rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, "rules", fmt.Sprintf("must have at most %d members", maxRules))
	}
	for i, r := range s.Rules {
		if err := r.validate(fmt.Sprintf("rules[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

var (
	compactName = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,63}$`)
	typeName    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)
)

func (r Rule) validate(at string) error {
	switch {
	case r.Name == "":
		return rest.Required(at + ".name")
	case len(r.Name) > maxName:
		return rest.TooLong(at+".name", maxName)
	case len(r.Reason) > maxName:
		return rest.TooLong(at+".reason", maxName)
	case r.When == "":
		return rest.Required(at + ".when")
	case r.Level != Medium && r.Level != High:
		return rest.OneOf(at+".level", r.Level, Medium, High)
	case r.Score < 0 || r.Score > 100:
		return rest.Outside(at+".score", 0, 100)
	case !compactName.MatchString(r.Predictor.CompactName):
		return rest.Invalid(at+".predictor.compactName", "must be letters and digits, the first a small letter, 64 at most")
	case !typeName.MatchString(r.Predictor.Type):
		return rest.Invalid(at+".predictor.type", "must be capitals, digits and _, 64 at most")
	}
	if _, err := compile(r.When); err != nil {
		return rest.Invalid(at+".when", err.Error())
	}
	return nil
}
