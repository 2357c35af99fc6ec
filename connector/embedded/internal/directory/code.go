package directory

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Codes makes and knows the codes that are mailed to users: for their account, their
// e-mail address, their password.
type Codes struct {
	Key       []byte // 32 bytes, derived from the master key
	Epoch     uint64
	Failures  int    // wrong ones until the code is dead; 0 is never
	OnCompare func() // called once for each real comparison; may be nil
}

// purpose is what a code is for: a user has one live code for each.
type purpose string

const (
	forAccount  purpose = "account"
	forEmail    purpose = "email"
	forPassword purpose = "password"
)

// life is how long a code is good; 0 is until it is used or replaced (reference
// pingone-platform-api 2 and 3.1).
func (p purpose) life() time.Duration {
	return map[purpose]time.Duration{forEmail: 24 * time.Hour, forPassword: 5 * time.Minute}[p]
}

// sent is what is kept of a code that was mailed: not the code, and not the address.
type sent struct {
	Hash  []byte `json:"h"`
	To    string `json:"a"` // blind index of the address
	Fails int    `json:"f,omitempty"`
	Until int64  `json:"u,omitempty"` // Unix ms; 0 has no end
}

// sentCodes is the record of a user's live codes.
type sentCodes map[purpose]*sent

func codesKey(env, id string) store.Key { return store.K(env, "usercode", id) }

func loadCodes(c *rest.Call, id string) (sentCodes, error) {
	recs, err := c.Tx.Get(codesKey(c.Env, id))
	if err != nil {
		return nil, fmt.Errorf("read codes of %s: %w", id, err)
	}
	all := sentCodes{}
	if recs[0].Rev == 0 {
		return all, nil
	}
	if err := json.Unmarshal(recs[0].Value, &all); err != nil {
		return nil, fmt.Errorf("codes of user %s: %w", id, err)
	}
	return all, nil
}

func (all sentCodes) save(c *rest.Call, id string) error {
	if len(all) == 0 {
		c.Tx.Delete(codesKey(c.Env, id))
		return nil
	}
	b, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode codes of %s: %w", id, err)
	}
	c.Tx.Put(codesKey(c.Env, id), b)
	return nil
}

// codeLength is PingOne's.
const codeLength = 8

// mailCode makes a code, keeps it in the place of the one before, and mails it. The user
// is latched and has an address.
func (d *Directory) mailCode(c *rest.Call, id, email, template string, p purpose) error {
	all, err := loadCodes(c, id)
	if err != nil {
		return err
	}
	n, err := d.Guesses.Load(c, id, guess.Email(email))
	if err != nil {
		return err
	}
	if n.MustWait(c.Tx.Now(), guess.Email(email)) {
		return otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	code := otp.Letters(c.Tx.Random(codeLength))
	s := &sent{To: blind(d.Addresses, email)}
	s.Hash = d.Codes.hash(c, p, id, s.To, code)
	if life := p.life(); life > 0 {
		s.Until = c.Tx.Now().Add(life).UnixMilli()
	}
	all[p] = s
	if err := all.save(c, id); err != nil {
		return err
	}
	return d.Notify.Mail(c, notify.Mail{Template: template, User: id, To: email, Group: "user/" + string(p) + "/" + id,
		Code: code, LifeTime: p.life()})
}

// hash binds a code to environment, epoch of the store, purpose, user and address.
func (k Codes) hash(c *rest.Call, p purpose, user, to, code string) []byte {
	return otp.MAC(k.Key, c.Env, fmt.Sprint(k.Epoch), string(p), user, to, code)
}

// judgement is what a guess led to.
type judgement struct {
	right   bool
	counted bool   // a live code was guessed at
	waits   bool   // so many codes were wrong in a row that none is compared now
	left    int    // further guesses at this code
	to      string // blind index of the address that the right code went to
}

// judge counts a guess at the user's code for p and compares it, in constant time. The
// right one is used up, and the last wrong one allowed kills the code. The user is
// latched. Wrong ones are also counted for the address of the account, with those of its
// devices.
func (d *Directory) judge(c *rest.Call, id string, in *info, p purpose, code string) (judgement, error) {
	target := guess.Email(in.email())
	n, err := d.Guesses.Load(c, id, target)
	if err != nil {
		return judgement{}, err
	}
	if n.MustWait(c.Tx.Now(), target) {
		return judgement{waits: true}, nil
	}
	j, err := d.compare(c, id, p, code)
	switch {
	case err != nil:
	case j.right:
		err = n.ResetFailures(c, target)
	case j.counted:
		j.waits, err = n.RecordFailure(c, target)
	}
	return j, err
}

// compare counts a guess at a code and compares it.
func (d *Directory) compare(c *rest.Call, id string, p purpose, guess string) (judgement, error) {
	all, err := loadCodes(c, id)
	if err != nil {
		return judgement{}, err
	}
	s := all[p]
	if s == nil || s.Until != 0 && c.Tx.Now().UnixMilli() >= s.Until {
		return judgement{}, nil
	}
	s.Fails++
	j := judgement{counted: true, to: s.To, left: max(d.Codes.Failures-s.Fails, 0)}
	j.right = d.Codes.equal(c, s, p, id, guess)
	if j.right || d.Codes.Failures > 0 && j.left == 0 {
		delete(all, p)
	}
	return j, all.save(c, id)
}

// equal ignores case and blanks at the ends: people copy codes by hand.
func (k Codes) equal(c *rest.Call, s *sent, p purpose, id, guess string) bool {
	guess = upper(strings.TrimSpace(guess))
	if len(guess) != codeLength {
		return false
	}
	if k.OnCompare != nil {
		k.OnCompare()
	}
	return hmac.Equal(s.Hash, k.hash(c, p, id, s.To, guess))
}

// upper raises ASCII letters only: no other letter is one of the alphabet's.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}
