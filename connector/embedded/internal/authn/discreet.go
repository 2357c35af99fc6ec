package authn

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// isDiscreet reports whether a request is for a discreet authentication: it begins with an
// address of the account, with whichever passkey there is, or with the stand-in, which is
// whichever device there is.
func (s *Authentications) isDiscreet(b start) bool {
	d := b.SelectedDevice
	return d != nil && b.User != nil && (d.Account != nil || d.Passkey || d.ID != "" && d.ID == s.Decoys.Device(b.User.ID))
}

// A discreet authentication is one that a stranger asks for, who has proven nothing yet. Its
// answers tell neither whether there is the user nor whether they may sign on, and show no
// address and no name of a device. Where no device can be challenged something stands in
// for one: it is selected, gets its codes anew, counts wrong ones, cools down and waits as
// a device does. If the user has no device and may sign on, its codes go to the address of
// the account; else it is silent: nothing is sent, and no code is right.

// standIn is challenged in the place of a device.
type standIn struct {
	ID      string `json:"i"`
	Type    string `json:"t"`
	Address string `json:"a,omitempty"` // "" is silent
	RPID    string `json:"r,omitempty"` // of a passkey
}

// hotStandIn is what is kept of a stand-in over all authentications, from the first wrong
// code on.
type hotStandIn struct {
	Device account.Device `json:"d"`
	Last   int64          `json:"l"` // Unix ms
}

// standInKey is where that is kept: wrong codes are not wrong passkeys, for a user with a
// device has each counted apart.
func standInKey(env string, x *session) store.Key {
	if x.Passkeys {
		return store.K(env, "standin", x.User, "passkey")
	}
	return store.K(env, "standin", x.User)
}

// StandIns is the range of what is kept of stand-ins.
func StandIns(env string) store.Range { return store.Under(store.K(env, "standin", "")) }

// IsOldStandIn reports whether a stand-in was not guessed at for a week, as long as wrong
// codes are remembered.
func IsOldStandIn(rec store.Record, now time.Time) bool {
	var h hotStandIn
	return json.Unmarshal(rec.Value, &h) == nil && now.Sub(time.UnixMilli(h.Last)) >= guess.Memory
}

// chooseStandIn finds what to challenge in the place of the user's devices; nil where one of
// them will do, or the policy has no codes.
func (s *Authentications) chooseStandIn(c *rest.Call, x *session) (*standIn, error) {
	admitted := x.known && x.policy.Admits(x.account, c.Tx.Now()) == nil
	able := func(d *device.Record) bool { return s.served(x, d) && !x.account.Device(d.ID).Blocked() }
	if admitted && slices.ContainsFunc(x.devices, able) {
		return nil, nil
	}
	if x.Passkeys {
		return s.choosePasskey(c, x)
	}
	in, err := s.Profile(c, x.User)
	if _, none := rest.ProblemOf(err); err != nil && !none {
		return nil, err
	}
	for _, kind := range []string{"EMAIL", "SMS", "VOICE", "WHATSAPP"} {
		k, _ := device.KindOf(kind)
		if use, _ := x.policy.Enabled(kind); !use || !s.Notify.Reaches(k.Channel, false) {
			continue
		}
		stand := &standIn{ID: s.Decoys.Device(x.User), Type: kind}
		if admitted && len(x.devices) == 0 && kind == "EMAIL" {
			stand.Address, _ = in["email"].(string)
		}
		return stand, nil
	}
	return nil, nil
}

// choosePasskey finds the passkey that stands in; nil where the policy has none.
func (s *Authentications) choosePasskey(c *rest.Call, x *session) (*standIn, error) {
	if use, _ := x.policy.Enabled("FIDO2"); !use || x.Compat == noPasskeys {
		return nil, nil
	}
	p, err := fido2.Effective(c.Tx, c.Env, x.policy.FIDO2.FIDO2PolicyID)
	if err != nil {
		return nil, err
	}
	return &standIn{ID: s.Decoys.Device(x.User), Type: "FIDO2", RPID: cmp.Or(x.RP, p.RelyingPartyID)}, nil
}

// passkey is what stands in for a passkey: one that looks like those of the browser that
// asks, with the same credential id each time (WebAuthn L3 14.6.2), and that nobody has.
func (s *Authentications) passkey(x *session) *device.Passkey {
	transports := []string{"internal"}
	if x.Compat == securityKeyOnly {
		transports = []string{"usb"}
	}
	return &device.Passkey{RPID: x.Stand.RPID, Credential: &passkey.Credential{ID: s.Decoys.Credential(x.User), Transports: transports}}
}

// useStandIn puts the stand-in in the place of the devices.
func (s *Authentications) useStandIn(c *rest.Call, x *session) error {
	hot := hotStandIn{Device: account.Device{ID: x.Stand.ID}}
	if _, err := c.Get(standInKey(c.Env, x), &hot); err != nil {
		return err
	}
	own := *x.account
	x.owner, x.account = x.account, &own
	x.account.Devices = []account.Device{hot.Device}
	d := &device.Record{ID: x.Stand.ID, Type: x.Stand.Type, Address: x.Stand.Address}
	if x.Stand.RPID != "" {
		d.Passkey = s.passkey(x)
	}
	x.devices = []*device.Record{d}
	return nil
}

// saveAccount saves the counts of the account, or those of the stand-in.
func (x *session) saveAccount(c *rest.Call) error {
	if x.Stand == nil && x.known {
		return x.account.Save(c.Tx, c.Env)
	}
	if x.Stand == nil {
		return nil
	}
	if err := c.Put(standInKey(c.Env, x), hotStandIn{Device: x.account.Devices[0], Last: c.Tx.Now().UnixMilli()}); err != nil {
		return err
	}
	if !x.known || x.owner.CodeFails == x.account.CodeFails && x.owner.CodesTo == x.account.CodesTo {
		return nil
	}
	x.owner.CodeFails, x.owner.CodesTo = x.account.CodeFails, x.account.CodesTo
	return x.owner.Save(c.Tx, c.Env)
}

// isSilent reports whether nothing is sent and no code is right.
func (x *session) isSilent(now time.Time) bool {
	return x.Discreet && (!x.known || x.Silent || x.Stand != nil && x.Stand.Address == "" || x.policy.Admits(x.account, now) != nil)
}

// blindCode makes a code that is kept one that no guess is equal to.
func blindCode(c *rest.Call, code *otp.Code) {
	if code != nil && code.Hash != nil {
		code.Hash = c.Tx.Random(len(code.Hash))
	}
}

// send sends a code. That a message must not be sent is told to nobody who is a stranger.
func (s *Authentications) send(c *rest.Call, x *session, m notify.Code) error {
	if !x.Discreet {
		return s.Notify.Send(c, m)
	}
	if !x.isSilent(c.Tx.Now()) {
		err := s.Notify.Send(c, m)
		if _, refused := rest.ProblemOf(err); !refused {
			return err
		}
	}
	blindCode(c, x.Code)
	return s.Notify.Feign(c, m)
}

// useOwnAddress makes a one-time device of a discreet authentication that of the account,
// spelled as there, if it is; else it is silent.
func (s *Authentications) useOwnAddress(c *rest.Call, x *session) error {
	in, err := s.Profile(c, x.User)
	if _, none := rest.ProblemOf(err); err != nil && !none {
		return err
	}
	typed := device.Record{Type: x.Once.Type, Address: x.Once.Address}
	for _, name := range []string{"email", "mobilePhone"} {
		own := typed
		if own.Address, _ = in[name].(string); own.Address != "" && own.Target() == typed.Target() {
			x.Once.Address = own.Address
			return nil
		}
	}
	x.Silent = true
	return nil
}
