package device

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Record is what is kept of a device beside the hot record.
type Record struct {
	ID        string    `json:"-"`
	Type      string    `json:"t"`
	Address   string    `json:"a,omitempty"` // e-mail address or phone number
	Extension string    `json:"e,omitempty"` // of a VOICE device
	Nickname  string    `json:"n,omitempty"`
	Policy    string    `json:"p,omitempty"` // given at creation; "" is the environment's
	Test      bool      `json:"x,omitempty"` // codes are answered, not sent
	Pairing   *otp.Code `json:"o,omitempty"` // while ACTIVATION_REQUIRED
	Secret    []byte    `json:"s,omitempty"` // TOTP, MOBILE
	KeyURI    string    `json:"k,omitempty"` // TOTP, while ACTIVATION_REQUIRED
	Passkey   *Passkey  `json:"w,omitempty"` // FIDO2
	Mobile    *Mobile   `json:"m,omitempty"` // MOBILE
	Period    int       `json:"d,omitempty"` // MOBILE: of its codes, in seconds, as its app was when it was paired
	Grace     int       `json:"g,omitempty"` // MOBILE: steps before and after now, likewise
	Resent    int       `json:"r,omitempty"` // pairing codes sent again
	Created   int64     `json:"c"`           // Unix ms
	Updated   int64     `json:"u"`
}

// To is where codes go: the address, with the extension as a dialler writes it.
func (r *Record) To() string {
	if r.Extension == "" {
		return r.Address
	}
	return r.Address + "," + r.Extension
}

// Key is the record of a device.
func Key(env, user, id string) store.Key { return store.K(env, "device", user, id) }

// Load reads devices of a user, in the order of ids. Those that are not there are left
// out.
func Load(tx *store.Tx, env, user string, ids []string) ([]*Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = Key(env, user, id)
	}
	recs, err := tx.Get(keys...)
	if err != nil {
		return nil, fmt.Errorf("read devices of %s: %w", user, err)
	}
	var out []*Record
	for i, r := range recs {
		if r.Rev == 0 {
			continue
		}
		d := &Record{ID: ids[i]}
		if err := json.Unmarshal(r.Value, d); err != nil {
			return nil, fmt.Errorf("record of device %s: %w", ids[i], err)
		}
		out = append(out, d)
	}
	return out, nil
}

func (r *Record) save(c *rest.Call, user string) error {
	r.Updated = c.Tx.Now().UnixMilli()
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode device %s: %w", r.ID, err)
	}
	c.Tx.Put(Key(c.Env, user, r.ID), b)
	return nil
}

// Device is the resource.
type Device struct {
	Links       rest.LinkSet `json:"_links"`
	ID          string       `json:"id"`
	Environment rest.Ref     `json:"environment"`
	User        rest.Ref     `json:"user"`
	Type        string       `json:"type"`
	Nickname    string       `json:"nickname,omitempty"`
	Lock        Lock         `json:"lock"`
	Block       Block        `json:"block"`
	Status      string       `json:"status"`
	CreatedAt   *rest.Time   `json:"createdAt"`
	UpdatedAt   *rest.Time   `json:"updatedAt"`
	Email       string       `json:"email,omitempty"`
	Phone       string       `json:"phone,omitempty"`
	Extension   string       `json:"extension,omitempty"`
	Secret      string       `json:"secret,omitempty"` // TOTP; never in a list
	KeyURI      string       `json:"keyUri,omitempty"` // TOTP; never in a list
	TestMode    bool         `json:"testMode,omitempty"`
	Test        *Test        `json:"test,omitempty"`
	FIDO
	*Mobile
}

// FIDO are the members of passkeys (seed 000, FIDO2 devices).
type FIDO struct {
	RP                   *relyingParty `json:"rp,omitempty"`
	Platform             string        `json:"platform,omitempty"` // PLATFORM
	CreationOptions      string        `json:"publicKeyCredentialCreationOptions,omitempty"`
	Attributes           *attributesOf `json:"attributes,omitempty"`
	Backup               *backup       `json:"backup,omitempty"`
	CredentialID         string        `json:"credentialId,omitempty"`
	RegistrationResponse string        `json:"fidoRegistrationResponse,omitempty"`
	Metadata             *metadata     `json:"fidoDeviceMetadata,omitempty"`
	Artifacts            *artifacts    `json:"fidoRegistrationArtifacts,omitempty"`
	DisplayName          string        `json:"displayName,omitempty"` // in lists
}

type attributesOf struct {
	Transports      []string `json:"transports,omitempty"`
	IsCrossPlatform bool     `json:"isCrossPlatform"`
	IsResidentKey   bool     `json:"isResidentKey"`
}

type backup struct {
	Eligible bool `json:"backupEligibility"`
	State    bool `json:"backupState"`
}

type metadata struct {
	AAGUID string `json:"mdsIdentifier"`
}

type artifacts struct {
	Attestation string `json:"attestationType"`
}

// Lock says whether a device is cooling down.
type Lock struct {
	Status    string     `json:"status"` // LOCKED, UNLOCKED
	ExpiresAt *rest.Time `json:"expiresAt,omitempty"`
	Reason    string     `json:"reason,omitempty"` // OTP, PUSH
}

// Block says whether a device is blocked.
type Block struct {
	Status    string     `json:"status"` // BLOCKED, UNBLOCKED
	BlockedAt *rest.Time `json:"blockedAt,omitempty"`
}

// Test carries the code of a test device, in the one answer that made it.
type Test struct {
	OTP string `json:"otp"`
}

// Device states.
const (
	Active             = "ACTIVE"
	ActivationRequired = "ACTIVATION_REQUIRED"
)

func status(d *account.Device) string {
	if d.Pending {
		return ActivationRequired
	}
	return Active
}

// LockOf shows the lock of a device: all of it after wrong codes, its pushes alone after
// too many.
func LockOf(d *account.Device, now time.Time) Lock {
	if until, locked := d.Locked(now); locked {
		return Lock{Status: "LOCKED", ExpiresAt: rest.At(until), Reason: "OTP"}
	}
	if until, locked := d.PushesLocked(now); locked {
		return Lock{Status: "LOCKED", ExpiresAt: rest.At(until), Reason: "PUSH"}
	}
	return Lock{Status: "UNLOCKED"}
}

// BlockOf shows the block of a device.
func BlockOf(d *account.Device) Block {
	if d.Blocked() {
		return Block{Status: "BLOCKED", BlockedAt: rest.At(time.UnixMilli(d.BlockedAt))}
	}
	return Block{Status: "UNBLOCKED"}
}

func show(c *rest.Call, a *account.Account, r *Record) Device {
	hot := a.Device(r.ID)
	self := c.Links.API("users", a.ID, "devices", r.ID)
	d := Device{
		Links: rest.LinkSet{"self": self, "environment": c.Links.API(), "user": c.Links.API("users", a.ID)},
		ID:    r.ID, Environment: rest.Ref{ID: c.Env}, User: rest.Ref{ID: a.ID}, Type: r.Type, Nickname: r.Nickname,
		Lock: LockOf(hot, c.Tx.Now()), Block: BlockOf(hot), Status: status(hot), TestMode: r.Test,
		CreatedAt: rest.At(time.UnixMilli(r.Created)), UpdatedAt: rest.At(time.UnixMilli(r.Updated)),
	}
	if hot.Pending {
		d.Links["device.activate"] = self
	}
	switch k, _ := KindOf(r.Type); k.Target {
	case "email":
		d.Email = r.Address
	case "phone":
		d.Phone, d.Extension = r.Address, r.Extension
	}
	d.Mobile = r.Mobile.shown(c.Tx.Now())
	if r.Passkey != nil {
		d.FIDO = r.Passkey.show(hot)
	}
	return d
}

// show is what every answer tells of a passkey.
func (p *Passkey) show(hot *account.Device) FIDO {
	f := FIDO{RP: &relyingParty{p.RPID, p.RPName}, Platform: p.Platform}
	k := p.Credential
	if k == nil {
		return f
	}
	f.Attributes = &attributesOf{Transports: k.Transports, IsCrossPlatform: !p.OnPlatform(), IsResidentKey: k.Resident}
	f.Backup = &backup{Eligible: k.BackupEligible, State: hot.BackedUp}
	f.CredentialID = base64.RawURLEncoding.EncodeToString(k.ID)
	f.Metadata = &metadata{AAGUID: uuid.UUID(k.AAGUID).String()}
	f.Artifacts = &artifacts{Attestation: k.AttestationType}
	return f
}
