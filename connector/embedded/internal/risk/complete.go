package risk

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// complete answers PUT event: how what was evaluated ended, and with that what may be
// learned from it. The same again changes nothing; another end is refused.
func (s *Risk) complete(c *rest.Call) (rest.Reply, error) {
	var b struct {
		CompletionStatus string `json:"completionStatus"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	switch b.CompletionStatus {
	case "":
		return rest.Reply{}, rest.Required("completionStatus")
	case success, failed:
	default:
		return rest.Reply{}, rest.Invalid("completionStatus", "must be one of SUCCESS, FAILED").With("allowedValues", []string{success, failed})
	}
	id, err := c.ID("riskEvaluationID")
	if err != nil {
		return rest.Reply{}, err
	}
	e, err := s.latched(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	switch e.Event.CompletionStatus {
	case b.CompletionStatus:
		return rest.OK(show(c, e))
	case inProgress:
	default:
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "completionStatus", "The evaluation is completed already")
	}
	e.Event.CompletionStatus = b.CompletionStatus
	if err := e.save(c); err != nil {
		return rest.Reply{}, err
	}
	if err := s.learn(c, e); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "RISK_EVALUATION.UPDATED", e, e.Event.CompletionStatus); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, e))
}

// learn keeps what a completed evaluation tells of its user and address. Of a user of the
// directory who is gone nothing is kept.
func (s *Risk) learn(c *rest.Call, e *evaluation) error {
	if u := e.Event.User; u.Type == PingOne {
		if !rest.IsID(u.ID) {
			return nil
		}
		a, err := account.Load(c.Tx, c.Env, u.ID)
		if err != nil || a == nil {
			return err
		}
	}
	u, a, err := s.histories(c, &e.Event)
	if err != nil {
		return err
	}
	now := c.Tx.Now()
	news := true
	if e.Event.CompletionStatus == success {
		u.succeed(e.Marks, e.Event.IP, now)
		a.Users, news = touch(a.Users, e.Marks.User, maxUsers, now)
	} else {
		u.Failures = fail(u.Failures, maxFailures, now)
		a.Failures = fail(a.Failures, maxRefusals, now)
	}
	if err := c.Put(s.userKey(c.Env, e.Event.User), u); err != nil || !news {
		return err
	}
	return c.Put(s.addressKey(c.Env, e.Event.IP), a)
}
