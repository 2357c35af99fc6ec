package directory

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/cursor"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/decoy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/password"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Directory serves users and passwords.
type Directory struct {
	Names      []byte // HMAC key of user names
	Addresses  []byte // HMAC key of e-mail addresses
	Population string // id of the environment's only population
	PolicyID   string // id of the password policy
	Policy     password.Policy
	Hasher     *password.Hasher
	Codes      Codes
	Notify     notify.Notifier
	Cursors    cursor.Sealer
	ScanLimit  int // users that one filter looks at, at most

	Guesses *guess.Guard
	Decoys  decoy.IDs

	// Forget deletes what others keep of a user that is deleted.
	Forget []func(c *rest.Call, user string) error
}

// info is a user's profile record.
type info struct {
	Profile
	Verified bool   `json:"emailVerified,omitempty"`
	Status   string `json:"lifecycle,omitempty"` // "" is ACCOUNT_OK
	Created  int64  `json:"createdAt"`           // Unix ms
	Updated  int64  `json:"updatedAt"`
}

// User is the resource.
type User struct {
	Links       rest.LinkSet `json:"_links"`
	ID          string       `json:"id"`
	Environment rest.Ref     `json:"environment"`
	Account     Account      `json:"account"`
	Profile
	Email            string     `json:"email"`
	EmailVerified    bool       `json:"emailVerified"`
	Enabled          bool       `json:"enabled"`
	IdentityProvider typed      `json:"identityProvider"`
	Lifecycle        lifecycle  `json:"lifecycle"`
	MFAEnabled       bool       `json:"mfaEnabled"`
	Population       rest.Ref   `json:"population"`
	VerifyStatus     string     `json:"verifyStatus"`
	StandIn          string     `json:"standIn,omitempty"` // ours: the device of a discreet authentication
	CreatedAt        *rest.Time `json:"createdAt"`
	UpdatedAt        *rest.Time `json:"updatedAt"`
}

// Account is the state of a user's account.
type Account struct {
	CanAuthenticate    bool       `json:"canAuthenticate"`
	Status             string     `json:"status"`             // OK, LOCKED
	LockedAt           *rest.Time `json:"lockedAt,omitempty"` // by an administrator
	UnlockAt           *rest.Time `json:"unlockAt,omitempty"`
	SecondsUntilUnlock int        `json:"secondsUntilUnlock,omitempty"`
}

type typed struct {
	Type string `json:"type"`
}

type lifecycle struct {
	Status string `json:"status"`
}

func infoKey(env, id string) store.Key { return store.K(env, "userinfo", id) }

func blind(key []byte, value string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(address.Fold(value)))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (d *Directory) nameKey(env, username string) store.Key {
	return store.K(env, "username", blind(d.Names, username))
}

func (d *Directory) addressPrefix(env, email string) store.Key {
	return store.K(env, "email", blind(d.Addresses, email)) + "/"
}

// reader reads records: a unit's, which are checked at commit, or the store's.
type reader func(keys ...store.Key) ([]store.Record, error)

// load reads profile and hot record of a user; nil, nil when there is none.
func load(c *rest.Call, read reader, id string) (*info, *account.Account, error) {
	recs, err := read(infoKey(c.Env, id), account.Key(c.Env, id))
	if err != nil {
		return nil, nil, fmt.Errorf("read user %s: %w", id, err)
	}
	if recs[0].Rev == 0 || recs[1].Rev == 0 {
		return nil, nil, nil
	}
	in, err := decodeInfo(id, recs[0].Value)
	if err != nil {
		return nil, nil, err
	}
	a, err := account.Decode(id, recs[1])
	return in, a, err
}

func decodeInfo(id string, b []byte) (*info, error) {
	in := &info{}
	if err := json.Unmarshal(b, in); err != nil {
		return nil, fmt.Errorf("profile of user %s: %w", id, err)
	}
	return in, nil
}

// must is load with the id of the path: 404 for no user.
func (d *Directory) must(c *rest.Call) (*info, *account.Account, error) {
	id, err := c.ID("userID")
	if err != nil {
		return nil, nil, err
	}
	in, a, err := load(c, c.Tx.Get, id)
	if err == nil && in == nil {
		err = rest.Missing()
	}
	return in, a, err
}

func saveInfo(c *rest.Call, id string, in *info) error {
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode user %s: %w", id, err)
	}
	c.Tx.Put(infoKey(c.Env, id), b)
	return nil
}

func (d *Directory) show(c *rest.Call, in *info, a *account.Account) User {
	u := User{
		Links: d.links(c, a.ID), ID: a.ID, Environment: rest.Ref{ID: c.Env},
		Account: state(a, c.Tx.Now()), Profile: in.Profile, Email: in.email(), EmailVerified: in.Verified,
		Enabled: !a.Off, MFAEnabled: a.MFA, IdentityProvider: typed{"PING_ONE"}, Lifecycle: lifecycle{in.Status},
		Population: rest.Ref{ID: d.Population}, VerifyStatus: "NOT_INITIATED",
		CreatedAt: rest.At(time.UnixMilli(in.Created)), UpdatedAt: rest.At(time.UnixMilli(in.Updated)),
	}
	if u.Lifecycle.Status == "" {
		u.Lifecycle.Status = accountOK
	}
	return u
}

// state is what a user's account looks like. A password that is locked out locks the
// account for sign-on with it, not the second factor. Only an administrator unlocks what
// one has locked: no time is told then.
func state(a *account.Account, now time.Time) Account {
	if a.LockedAt != 0 {
		return Account{Status: "LOCKED", LockedAt: rest.At(time.UnixMilli(a.LockedAt))}
	}
	left, locked := a.PasswordLocked(now)
	s := Account{CanAuthenticate: !a.Off && !locked, Status: "OK"}
	if locked {
		s.Status, s.UnlockAt, s.SecondsUntilUnlock = "LOCKED", rest.At(now.Add(left)), seconds(left)
	}
	return s
}

// seconds rounds up, so that "0 seconds" never means "still locked".
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (d *Directory) links(c *rest.Call, id string) rest.LinkSet {
	self := c.Links.API("users", id)
	pw := c.Links.API("users", id, "password")
	return rest.LinkSet{
		"self": self, "environment": c.Links.API(), "population": c.Links.API("populations", d.Population),
		"devices": c.Links.API("users", id, "devices"), "password": pw,
		"password.check": pw, "password.set": pw, "password.reset": pw, "password.recover": pw,
		"account.sendVerificationCode": self,
	}
}
