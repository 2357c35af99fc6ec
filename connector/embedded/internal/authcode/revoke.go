package authcode

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// mayAuthenticate loads a user whom the environment's policy lets authenticate now.
func (s *Codes) mayAuthenticate(c *rest.Call, id string) (*account.Account, error) {
	user, err := account.Load(c.Tx, c.Env, id)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, rest.Missing()
	}
	p, err := s.Policies.Load(c.Tx, c.Env, "")
	if err != nil {
		return nil, err
	}
	return user, p.Admits(user, c.Tx.Now())
}

// revoke makes a COMPLETED code FAILED for whoever looks now, when what the app vouched for
// holds no more: its user may not authenticate, the phone is gone or blocked, the app is not
// allowed, or the user's credentials have changed since. The record stays as it was.
func (s *Codes) revoke(c *rest.Call, r *record) error {
	why, err := s.findChange(c, r)
	if err == nil && why != nil {
		r.Status, r.Error = Failed, why
	}
	return err
}

func (s *Codes) findChange(c *rest.Call, r *record) (*failure, error) {
	user, err := s.mayAuthenticate(c, r.User)
	if _, refused := rest.ProblemOf(err); refused {
		return &failure{Code: rest.AccountNotUsable, Message: "The account cannot authenticate any more"}, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = s.application(c, r.App)
	_, refused := rest.ProblemOf(err)
	if err != nil && !refused {
		return nil, err
	}
	switch d := user.Device(r.Device); {
	case refused, d == nil, d.Pending, d.Blocked():
		return &failure{Code: "NO_USABLE_DEVICES", Message: "The phone is gone, blocked, or not allowed any more"}, nil
	case r.Epoch != user.Epoch:
		return &failure{Code: rest.CredentialsChanged, Message: "The user's credentials have changed since"}, nil
	}
	return nil, nil
}
