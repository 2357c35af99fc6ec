package pairing

import (
	"net/http"
	"strconv"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// tries counts the wrong codes of a minute. Who signs them is counted too, which bounds
// one phone, but new keys cost nothing: the bound that holds is the environment's.
type tries struct {
	Minute int64          `json:"m"` // Unix time, in minutes
	All    int            `json:"a"`
	By     map[string]int `json:"b"` // at most All of them
}

func triesKey(env string) store.Key { return store.K(env, "pairingtries") }

// latches are those of a claim, taken in one call: the count of wrong codes, and the user,
// if the code is of one.
func latches(env, user string) []store.Key {
	if user == "" {
		return []store.Key{triesKey(env)}
	}
	return []store.Key{triesKey(env), account.Key(env, user)}
}

// loadTries reads the count of this minute.
func loadTries(c *rest.Call) (*tries, error) {
	t := &tries{}
	if _, err := c.Get(triesKey(c.Env), t); err != nil {
		return nil, err
	}
	if now := c.Tx.Now().Unix() / 60; t.Minute < now {
		t = &tries{Minute: now}
	}
	return t, nil
}

// spent is the refusal of a signer when the count is used up, its own or that of all; else
// nil.
func (k *Keys) spent(c *rest.Call, t *tries, signer string) error {
	if k.Guesses == 0 || t.All < k.Guesses && (k.GuessesPerKey == 0 || t.By[signer] < k.GuessesPerKey) {
		return nil
	}
	p := rest.Plain(http.StatusTooManyRequests, rest.RequestLimited, "")
	p.Header = http.Header{"Retry-After": {strconv.FormatInt((t.Minute+1)*60-c.Tx.Now().Unix(), 10)}}
	return p
}

// wrong counts a wrong code and gives its refusal.
func (k *Keys) wrong(c *rest.Call, t *tries, signer string) error {
	if t.By == nil {
		t.By = map[string]int{}
	}
	t.All++
	t.By[signer]++
	if k.Guesses > 0 {
		if err := c.Put(triesKey(c.Env), t); err != nil {
			return err
		}
	}
	if err := c.Audit(rest.Event{Type: "DEVICE.ACTIVATION_FAILED", ResourceType: "PAIRING_KEY", Result: rest.Failed}); err != nil {
		return err
	}
	return rest.Invalid("code", "is not a pairing key that this application can claim now").Keep()
}
