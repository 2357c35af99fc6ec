package authcode

import (
	"net/http"
	"strconv"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// guessPeriod is the time in which wrong codes are counted.
const guessPeriod = 10 * time.Minute

// guesses are the wrong codes that an app has shown. Its user's latch is held.
type guesses struct {
	Since int64 `json:"s"` // Unix ms, of the first
	N     int   `json:"n"`
}

func guessesKey(env, device string) store.Key { return store.K(env, "acguess", device) }

// guesses reads the count. When it is used up, right codes are refused too.
func (s *Codes) guesses(c *rest.Call, device string) (*guesses, error) {
	g := &guesses{}
	if _, err := c.Get(guessesKey(c.Env, device), g); err != nil {
		return nil, err
	}
	now := c.Tx.Now()
	left := time.UnixMilli(g.Since).Add(guessPeriod).Sub(now)
	if left <= 0 {
		return &guesses{Since: now.UnixMilli()}, nil
	}
	if s.Guesses > 0 && g.N >= s.Guesses {
		p := rest.Plain(http.StatusTooManyRequests, rest.RequestLimited, "")
		p.Header = http.Header{"Retry-After": {strconv.Itoa(int(left/time.Second) + 1)}}
		return nil, p
	}
	return g, nil
}

// wrong counts a wrong code and gives its refusal.
func (g *guesses) wrong(c *rest.Call, who app.Caller) error {
	g.N++
	if err := c.Put(guessesKey(c.Env, who.Device), g); err != nil {
		return err
	}
	err := c.Audit(rest.Event{Type: "AUTHENTICATION_CODE.UPDATED", User: who.User, ResourceType: "DEVICE", ResourceID: who.Device,
		Result: rest.Failed, Description: "a code that is none"})
	if err != nil {
		return err
	}
	return rest.Invalid("code", "is not an authentication code that this application can claim now").Keep()
}
