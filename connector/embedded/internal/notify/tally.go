package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// tally counts messages by the second in which they were sent, oldest first, so that a
// window that slides is exact.
type tally []sending

// sending is [Unix second, messages].
type sending [2]int64

// maxSendings bounds a tally's record to about 2 KB. In a longer one the oldest sendings
// count as one, sent when the younger of them was: more is refused then, never less.
const maxSendings = 120

func loadTally(c *rest.Call, key store.Key) (tally, error) {
	recs, err := c.Tx.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if recs[0].Rev == 0 {
		return nil, nil
	}
	var t tally
	if err := json.Unmarshal(recs[0].Value, &t); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return t, nil
}

// save writes the tally with one more message now, without what is older than span.
func (t tally) save(c *rest.Call, key store.Key, span time.Duration) error {
	now := c.Tx.Now()
	t = t.keepWithin(span, now)
	if last := len(t) - 1; last >= 0 && t[last][0] >= now.Unix() {
		t[last][1]++
	} else {
		t = append(t, sending{now.Unix(), 1})
	}
	if len(t) > maxSendings {
		t[1][1] += t[0][1]
		t = t[1:]
	}
	b, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	c.Tx.Put(key, b)
	return nil
}

// keepWithin returns the part of the tally that lies in the last span; zero is all of it.
func (t tally) keepWithin(span time.Duration, now time.Time) tally {
	if span == 0 {
		return t
	}
	from := 0
	for from < len(t) && t[from][0] <= now.Add(-span).Unix() {
		from++
	}
	return t[from:]
}

func (t tally) sum() (n int) {
	for _, s := range t {
		n += int(s[1])
	}
	return n
}

// freeAt is when fewer than most messages will lie in span. The tally is within it.
func (t tally) freeAt(most int, span time.Duration) time.Time {
	n := t.sum()
	for _, s := range t {
		if n -= int(s[1]); n < most {
			return time.Unix(s[0], 0).Add(span)
		}
	}
	return time.Time{}
}
