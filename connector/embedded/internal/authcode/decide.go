package authcode

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// decide is the person's verdict, on the phone that claimed the code. A code that is not
// its own, or waits for no verdict, is 404.
func (s *Codes) decide(c *rest.Call, who app.Caller) (rest.Reply, error) {
	var b struct {
		Decision string `json:"decision"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if err := app.CheckDecision(b.Decision); err != nil {
		return rest.Reply{}, err
	}
	id, err := c.ID("authenticationCodeID")
	if err != nil {
		return rest.Reply{}, err
	}
	if err := c.Tx.Latch(key(c.Env, id)); err != nil {
		return rest.Reply{}, err
	}
	r, err := s.current(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	if r.Status != Claimed || r.User != who.User || r.Device != who.Device {
		return rest.Reply{}, rest.Missing().Keep()
	}
	if b.Decision == app.Deny {
		err = s.end(c, r, Denied, nil)
	} else {
		err = s.approve(c, who, r)
	}
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(map[string]any{"id": r.ID, "status": r.Status})
}

// approve completes a code, or fails it when the user may not sign on any more.
func (s *Codes) approve(c *rest.Call, who app.Caller, r *record) error {
	_, err := s.admit(c, who)
	p, refused := rest.ProblemOf(err)
	if !refused {
		if err != nil {
			return err
		}
		return s.complete(c, r)
	}
	d := p.Body.Details[0]
	if err := s.end(c, r, Failed, &failure{Code: d.Code, Message: d.Message}); err != nil {
		return err
	}
	return p.Keep()
}
