package directory

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Routes are the routes of users.
func (d *Directory) Routes() []rest.Route {
	const users, user, password = "users", "users/:userID", "users/:userID/password"
	return []rest.Route{
		{Method: http.MethodGet, Path: users, Run: d.list},
		{Method: http.MethodPost, Path: users, Run: d.create},
		{Method: http.MethodPost, Path: users, Media: "user.import", Run: d.importUser},
		{Method: http.MethodGet, Path: user, Run: d.read},
		{Method: http.MethodPut, Path: user, Run: d.replace},
		{Method: http.MethodPatch, Path: user, Run: d.patch},
		{Method: http.MethodDelete, Path: user, Run: d.remove},
		{Method: http.MethodPost, Path: user, Media: "account.lock", Run: d.lock},
		{Method: http.MethodPost, Path: user, Media: "account.unlock", Run: d.unlock},
		{Method: http.MethodPost, Path: user, Media: "user.sendVerificationCode", Run: d.sendVerificationCode},
		{Method: http.MethodPost, Path: user, Media: "user.verify", Run: d.verifyUser},
		{Method: http.MethodPost, Path: user + "/emailVerification", Media: "user.emailVerification.send", Run: d.sendEmailVerification},
		{Method: http.MethodPost, Path: user + "/emailVerification", Media: "user.emailVerification.verify", Run: d.verifyEmail},
		{Method: http.MethodGet, Path: user + "/population", Run: d.readUserPopulation},
		{Method: http.MethodPut, Path: user + "/population", Run: d.writeUserPopulation},
		{Method: http.MethodGet, Path: user + "/enabled", Run: d.readEnabled},
		{Method: http.MethodPut, Path: user + "/enabled", Run: d.writeEnabled},
		{Method: http.MethodGet, Path: user + "/mfaEnabled", Run: d.readMFA},
		{Method: http.MethodPut, Path: user + "/mfaEnabled", Run: d.writeMFA},
		{Method: http.MethodGet, Path: password, Run: d.readPassword},
		{Method: http.MethodPut, Path: password, Media: "password.set", Run: d.setPassword},
		{Method: http.MethodPut, Path: password, Media: "password.setValue", Run: d.setValue},
		{Method: http.MethodPut, Path: password, Media: "password.reset", Run: d.resetPassword},
		{Method: http.MethodPost, Path: password, Media: "password.reset", Run: d.resetPassword},
		{Method: http.MethodPost, Path: password, Media: "password.check", Run: d.checkPassword},
		{Method: http.MethodPost, Path: password, Media: "password.forceChange", Run: d.forceChange},
		{Method: http.MethodPost, Path: password, Media: "password.unlock", Run: d.unlockPassword},
		{Method: http.MethodPost, Path: password, Media: "password.sendRecoveryCode", Run: d.sendRecoveryCode},
		{Method: http.MethodPost, Path: password, Media: "password.recover", Run: d.recoverPassword},
		{Method: http.MethodGet, Path: "passwordPolicies", Run: d.listPolicies},
		{Method: http.MethodGet, Path: "passwordPolicies/:passwordPolicyID", Run: d.readPolicy},
		{Method: http.MethodGet, Path: "populations", Run: d.listPopulations},
		{Method: http.MethodGet, Path: "populations/:populationID", Run: d.readPopulation},
	}
}

func (d *Directory) read(c *rest.Call) (rest.Reply, error) {
	in, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return d.reply(c, in, a)
}

// reply answers with a user.
func (d *Directory) reply(c *rest.Call, in *info, a *account.Account) (rest.Reply, error) {
	return rest.Reply{Status: http.StatusOK, Body: d.show(c, in, a)}.WithEpoch(a.Stamp()), nil
}

// toggle is one of the two switches of a user.
type toggle struct {
	name string
	get  func(*account.Account) bool
	set  func(*account.Account, bool)
}

func enabled() toggle {
	return toggle{"enabled", func(a *account.Account) bool { return !a.Off }, func(a *account.Account, on bool) { a.Off = !on }}
}

func mfaEnabled() toggle {
	return toggle{"mfaEnabled", func(a *account.Account) bool { return a.MFA }, func(a *account.Account, on bool) { a.MFA = on }}
}

func (d *Directory) readEnabled(c *rest.Call) (rest.Reply, error) { return d.readToggle(c, enabled()) }
func (d *Directory) writeEnabled(c *rest.Call) (rest.Reply, error) {
	return d.writeToggle(c, enabled())
}
func (d *Directory) readMFA(c *rest.Call) (rest.Reply, error)  { return d.readToggle(c, mfaEnabled()) }
func (d *Directory) writeMFA(c *rest.Call) (rest.Reply, error) { return d.writeToggle(c, mfaEnabled()) }

func (d *Directory) readToggle(c *rest.Call, t toggle) (rest.Reply, error) {
	_, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.Reply{Status: http.StatusOK, Body: map[string]any{
		"_links": rest.LinkSet{"self": c.Links.API("users", a.ID, t.name), "environment": c.Links.API(), "user": c.Links.API("users", a.ID)},
		t.name:   t.get(a),
	}}.WithEpoch(a.Stamp()), nil
}

func (d *Directory) writeToggle(c *rest.Call, t toggle) (rest.Reply, error) {
	body := map[string]any{}
	if err := c.Decode(&body); err != nil {
		return rest.Reply{}, err
	}
	v, given := body[t.name]
	on, isBool := v.(bool)
	switch {
	case !given || v == nil:
		return rest.Reply{}, rest.Required(t.name)
	case !isBool:
		return rest.Reply{}, rest.Invalid(t.name, "must be of type boolean")
	}
	_, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if t.get(a) != on {
		t.set(a, on)
		if !on {
			a.RaiseEpoch()
		}
		if err := a.Save(c.Tx, c.Env); err != nil {
			return rest.Reply{}, err
		}
		if err := audited(c, "USER.UPDATED", a.ID, rest.Success); err != nil {
			return rest.Reply{}, err
		}
	}
	return d.readToggle(c, t)
}
