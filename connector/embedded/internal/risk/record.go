package risk

import (
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// evaluation is what is kept of one.
type evaluation struct {
	ID       string         `json:"-"`
	Event    event          `json:"e"`
	Marks    marks          `json:"k"`
	Policy   rest.Ref       `json:"p"`
	Name     string         `json:"n"` // of the policy set
	Level    string         `json:"l"`
	Score    int            `json:"s"`
	Details  map[string]any `json:"d"`
	Feedback *feedback      `json:"f,omitempty"`
	Created  int64          `json:"c"` // Unix ms
	Updated  int64          `json:"u"`
}

// feedback is what somebody says later of an evaluation.
type feedback struct {
	Category string `json:"c"`
	Reason   string `json:"r,omitempty"`
}

func key(env, id string) store.Key { return store.K(env, "risk", id) }

func (e *evaluation) save(c *rest.Call) error {
	e.Updated = c.Tx.Now().UnixMilli()
	return c.Put(key(c.Env, e.ID), e)
}

// load reads an evaluation: 404 for one that is not there or has expired.
func (s *Risk) load(c *rest.Call, id string) (*evaluation, error) {
	e := &evaluation{ID: id}
	found, err := c.Get(key(c.Env, id), e)
	if err == nil && (!found || s.Life > 0 && c.Tx.Now().Sub(time.UnixMilli(e.Created)) >= s.Life) {
		err = rest.Missing()
	}
	return e, err
}

// latched is load under the evaluation's latch.
func (s *Risk) latched(c *rest.Call, id string) (*evaluation, error) {
	if err := c.Tx.Latch(key(c.Env, id)); err != nil {
		return nil, err
	}
	return s.load(c, id)
}

// MadeBefore is the range of evaluations made before a time, by the time in their ids.
func MadeBefore(env string, t time.Time) store.Range {
	ms := fmt.Sprintf("%012x", t.UnixMilli())
	return store.Range{From: key(env, ""), To: key(env, ms[:8]+"-"+ms[8:])}
}

func (s *Risk) read(c *rest.Call) (rest.Reply, error) {
	id, err := c.ID("riskEvaluationID")
	if err != nil {
		return rest.Reply{}, err
	}
	e, err := s.load(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, e))
}

func show(c *rest.Call, e *evaluation) map[string]any {
	self := c.Links.API("riskEvaluations", e.ID)
	return map[string]any{
		"_links": rest.LinkSet{"self": self, "environment": c.Links.API(), "event": {Href: self.Href + "/event"}},
		"id":     e.ID, "environment": rest.Ref{ID: c.Env}, "event": e.Event,
		"createdAt": rest.At(time.UnixMilli(e.Created)), "updatedAt": rest.At(time.UnixMilli(e.Updated)),
		"riskPolicySet": map[string]string{"id": e.Policy.ID, "name": e.Name},
		"result":        map[string]any{"level": e.Level, "score": e.Score, "source": "AGGREGATED_SCORES", "type": "VALUE"},
		"details":       e.Details,
	}
}
