package directory

import (
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// draft is the body of a creation. Import is the form with a password.
type draft struct {
	Profile
	Population    *rest.Ref       `json:"population"`
	Enabled       *bool           `json:"enabled"`
	MFAEnabled    *bool           `json:"mfaEnabled"`
	EmailVerified bool            `json:"emailVerified"`
	Lifecycle     *draftLifecycle `json:"lifecycle"`
	Password      *importPassword `json:"password"`
}

// draftLifecycle is how an imported account begins.
type draftLifecycle struct {
	Status   string `json:"status"`
	Suppress bool   `json:"suppressVerificationCode"`
}

type importPassword struct {
	Value       *string `json:"value"`
	ForceChange bool    `json:"forceChange"`
}

// create answers POST users. The plain form ignores password, lifecycle and
// emailVerified.
func (d *Directory) create(c *rest.Call) (rest.Reply, error) {
	var b draft
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	b.Password, b.Lifecycle, b.EmailVerified = nil, nil, false
	return d.add(c, b)
}

// importUser answers POST users as user.import+json.
func (d *Directory) importUser(c *rest.Call) (rest.Reply, error) {
	var b draft
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if l := b.Lifecycle; l != nil && l.Status != accountOK && l.Status != verificationRequired {
		return rest.Reply{}, rest.Invalid("lifecycle.status", "must be ACCOUNT_OK or VERIFICATION_REQUIRED")
	}
	if b.Password != nil && b.Password.Value != nil {
		if p := d.Policy.Check("password", *b.Password.Value, false, b.Profile.identity()); p != nil {
			return rest.Reply{}, p
		}
	}
	return d.add(c, b)
}

func (d *Directory) add(c *rest.Call, b draft) (rest.Reply, error) {
	if err := b.validate(); err != nil {
		return rest.Reply{}, err
	}
	if b.Population != nil && b.Population.ID != d.Population {
		return rest.Reply{}, rest.Invalid("population.id", "is not a population of this environment")
	}
	id := c.Tx.NewID()
	if err := d.claim(c, id, b.Username); err != nil {
		return rest.Reply{}, err
	}
	settings, err := policy.LoadSettings(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	a := &account.Account{ID: id, MFA: settings.Users.MFAEnabled, Off: b.Enabled != nil && !*b.Enabled}
	if b.MFAEnabled != nil {
		a.MFA = *b.MFAEnabled
	}
	now := c.Tx.Now().UnixMilli()
	in := &info{Profile: b.Profile, Verified: b.EmailVerified, Created: now, Updated: now}
	if err := d.begin(c, in, id, b.Lifecycle); err != nil {
		return rest.Reply{}, err
	}
	d.address(c, id, "", in.email())
	if b.Password != nil && b.Password.Value != nil {
		if err := d.putPassword(c, id, *b.Password.Value, b.Password.ForceChange); err != nil {
			return rest.Reply{}, err
		}
	}
	if err := d.save(c, in, a, "USER.CREATED"); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(d.show(c, in, a))
}

// begin makes an imported account wait for its verification. The first code is mailed at
// once, unless the import says not to or there is no way to.
func (d *Directory) begin(c *rest.Call, in *info, id string, l *draftLifecycle) error {
	if l == nil || l.Status != verificationRequired {
		return nil
	}
	in.Status = verificationRequired
	if l.Suppress || d.mailable(in) != nil {
		return nil
	}
	return d.mailCode(c, id, in.email(), notify.Verification, forAccount)
}

// save writes both records and the event.
func (d *Directory) save(c *rest.Call, in *info, a *account.Account, event string) error {
	if err := saveInfo(c, a.ID, in); err != nil {
		return err
	}
	if err := a.Save(c.Tx, c.Env); err != nil {
		return err
	}
	return audited(c, event, a.ID, rest.Success)
}

func audited(c *rest.Call, event, id, result string) error {
	return c.Audit(rest.Event{Type: event, User: id, ResourceType: "USER", ResourceID: id, Result: result})
}

// claim makes username the name of id. That the record was absent is checked again at
// commit, so of two at once one gets it.
func (d *Directory) claim(c *rest.Call, id, username string) error {
	key := d.nameKey(c.Env, username)
	recs, err := c.Tx.Get(key)
	if err != nil {
		return fmt.Errorf("read user name: %w", err)
	}
	if recs[0].Rev != 0 && string(recs[0].Value) != id {
		return rest.Refuse(rest.InvalidData, rest.UniquenessViolation, "username", "is unique but a non-unique value is provided")
	}
	c.Tx.Put(key, []byte(id))
	return nil
}

// address moves the lookup record of a user's e-mail address.
func (d *Directory) address(c *rest.Call, id, before, after string) {
	if address.Fold(before) == address.Fold(after) {
		return
	}
	if before != "" {
		c.Tx.Delete(d.addressPrefix(c.Env, before) + store.Key(id))
	}
	if after != "" {
		c.Tx.Put(d.addressPrefix(c.Env, after)+store.Key(id), []byte{1})
	}
}

// replace answers PUT: an attribute left out is cleared.
func (d *Directory) replace(c *rest.Call) (rest.Reply, error) {
	return d.change(c, func(*info) Profile { return Profile{} })
}

// patch answers PATCH: only what is sent changes, null clears, name and address merge
// member by member.
func (d *Directory) patch(c *rest.Call) (rest.Reply, error) {
	return d.change(c, func(in *info) Profile { return in.Profile })
}

func (d *Directory) change(c *rest.Call, start func(*info) Profile) (rest.Reply, error) {
	in, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	before := in.Profile
	after, err := clone(start(in))
	if err != nil {
		return rest.Reply{}, err
	}
	if err := c.Decode(&after); err != nil {
		return rest.Reply{}, err
	}
	if err := after.validate(); err != nil {
		return rest.Reply{}, err
	}
	if address.Fold(before.Username) != address.Fold(after.Username) {
		if err := d.claim(c, a.ID, after.Username); err != nil {
			return rest.Reply{}, err
		}
		c.Tx.Delete(d.nameKey(c.Env, before.Username))
	}
	d.address(c, a.ID, before.email(), after.email())
	if address.Fold(before.email()) != address.Fold(after.email()) {
		in.Verified = false
	}
	in.Profile, in.Updated = after, c.Tx.Now().UnixMilli()
	if err := saveInfo(c, a.ID, in); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "USER.UPDATED", a.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return d.reply(c, in, a)
}

// clone copies a profile deeply, so that a decode into it leaves the original alone.
func clone(p Profile) (Profile, error) {
	var out Profile
	b, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("copy a profile: %w", err)
	}
	return out, nil
}

// remove answers DELETE with all that hangs on the user.
func (d *Directory) remove(c *rest.Call) (rest.Reply, error) {
	in, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	d.address(c, a.ID, in.email(), "")
	c.Tx.Delete(d.nameKey(c.Env, in.Username))
	c.Tx.Delete(infoKey(c.Env, a.ID))
	c.Tx.Delete(passwordKey(c.Env, a.ID))
	c.Tx.Delete(codesKey(c.Env, a.ID))
	c.Tx.Delete(account.Key(c.Env, a.ID))
	notify.Forget(c, a.ID)
	for _, dev := range a.Devices {
		if err := device.Forget(c, a.ID, dev.ID); err != nil {
			return rest.Reply{}, err
		}
	}
	for _, forget := range d.Forget {
		if err := forget(c, a.ID); err != nil {
			return rest.Reply{}, err
		}
	}
	if err := audited(c, "USER.DELETED", a.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
