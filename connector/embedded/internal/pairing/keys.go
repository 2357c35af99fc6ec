package pairing

import (
	"net/http"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Keys serves pairing keys.
type Keys struct {
	Policies *policy.Policies
	Secret   []byte // 32 bytes, derived from the master key
	Epoch    uint64

	// Wrong codes a minute, of all and of one signing key. Without the first there is no
	// limit at all.
	Guesses, GuessesPerKey int
}

// MaxValid is how many keys of a user can be claimed at a time (PingOne's limit).
const MaxValid = 20

// maxKept is how many keys of a user are kept, claimed and expired ones included.
const maxKept = 2 * MaxValid

// Routes are the routes of pairing keys.
func (k *Keys) Routes() []rest.Route {
	const all, one = "users/:userID/pairingKeys", "users/:userID/pairingKeys/:pairingKeyID"
	return []rest.Route{
		{Method: http.MethodPost, Path: all, Run: k.create},
		{Method: http.MethodGet, Path: one, Run: k.read},
		{Method: http.MethodDelete, Path: one, Run: k.remove},
	}
}

// user latches the user of the path and reads the keys: 404 for no user.
func (k *Keys) user(c *rest.Call) (string, []*record, error) {
	id, err := c.ID("userID")
	if err != nil {
		return "", nil, err
	}
	if c.Method != http.MethodGet {
		if err := c.Tx.Latch(account.Key(c.Env, id)); err != nil {
			return "", nil, err
		}
	}
	a, err := account.Load(c.Tx, c.Env, id)
	if err != nil {
		return "", nil, err
	}
	if a == nil {
		return "", nil, rest.Missing()
	}
	all, err := load(c, id)
	return id, all, err
}

func (k *Keys) create(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Applications []rest.Ref `json:"applications"`
		Policy       *rest.Ref  `json:"policy"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	user, all, err := k.user(c)
	if err != nil {
		return rest.Reply{}, err
	}
	now := c.Tx.Now()
	r := &record{ID: c.Tx.NewID(), Status: Unclaimed, Created: now.UnixMilli(), Updated: now.UnixMilli()}
	if b.Policy != nil {
		r.Policy = b.Policy.ID
	}
	apps, err := k.permit(c, r, b.Applications)
	if err != nil {
		return rest.Reply{}, err
	}
	if all = k.prune(c, all); valid(all, now) >= MaxValid {
		return rest.Reply{}, rest.Full("pairing keys", MaxValid)
	}
	if err := k.issue(c, user, r); err != nil {
		return rest.Reply{}, err
	}
	if err := save(c, user, append(all, r)); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, user, r.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(k.show(c, user, r, apps))
}

// issue gives a key its code and writes whose it is.
func (k *Keys) issue(c *rest.Call, user string, r *record) error {
	settings, err := policy.LoadSettings(c.Tx, c.Env)
	if err != nil {
		return err
	}
	r.Format = settings.Pairing.PairingKeyFormat
	if err := k.draw(c, r); err != nil {
		return err
	}
	return c.Put(placeKey(c.Env, r.Hash), place{User: user, Key: r.ID, Expires: r.Expires})
}

func valid(all []*record, now time.Time) (n int) {
	for _, r := range all {
		if r.live(now) {
			n++
		}
	}
	return n
}

// prune drops keys that nobody asks for any more, the oldest first.
func (k *Keys) prune(c *rest.Call, all []*record) []*record {
	now := c.Tx.Now()
	left := len(all)
	return slices.DeleteFunc(all, func(r *record) bool {
		if drop := r.dead(now) || left >= maxKept && !r.live(now); !drop {
			return false
		}
		left--
		c.Tx.Delete(placeKey(c.Env, r.Hash))
		return true
	})
}

// one reads the key of the path; 404.
func (k *Keys) one(c *rest.Call) (user string, all []*record, r *record, err error) {
	user, all, err = k.user(c)
	if err != nil {
		return "", nil, nil, err
	}
	id, err := c.ID("pairingKeyID")
	if err != nil {
		return "", nil, nil, err
	}
	if r = find(all, id); r == nil {
		return "", nil, nil, rest.Missing()
	}
	return user, all, r, nil
}

func (k *Keys) read(c *rest.Call) (rest.Reply, error) {
	user, _, r, err := k.one(c)
	if err != nil {
		return rest.Reply{}, err
	}
	apps, err := application.All(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	apps = slices.DeleteFunc(apps, func(a *application.Application) bool { return !slices.Contains(r.Apps, a.ID) })
	return rest.OK(k.show(c, user, r, apps))
}

func (k *Keys) remove(c *rest.Call) (rest.Reply, error) {
	user, all, r, err := k.one(c)
	if err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Delete(placeKey(c.Env, r.Hash))
	if err := save(c, user, slices.DeleteFunc(all, func(o *record) bool { return o == r })); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, user, r.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}

// audited writes the event of a key that came, changed or went. PingOne has none of its
// own for that.
func audited(c *rest.Call, user, id string) error {
	return c.Audit(rest.Event{Type: "USER.UPDATED", User: user, ResourceType: "PAIRING_KEY", ResourceID: id})
}
