package authcode

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// kept is how long a code can be read after it was made: its life, and as much again.
const kept = 2 * maxLife

// Ranges are where records lie that Dead may be asked about.
func Ranges(env string) []store.Range {
	return []store.Range{
		store.Under(key(env, "")), store.Under(store.K(env, "acode", "")), store.Under(guessesKey(env, "")),
	}
}

// Dead reports whether nobody asks for such a record any more. The age of a code is in its
// id.
func Dead(env string, rec store.Record, now time.Time) bool {
	if strings.HasPrefix(string(rec.Key), string(guessesKey(env, ""))) {
		var g guesses
		return json.Unmarshal(rec.Value, &g) != nil || !now.Before(time.UnixMilli(g.Since).Add(guessPeriod))
	}
	id, mine := strings.CutPrefix(string(rec.Key), string(key(env, "")))
	if !mine {
		id = string(rec.Value)
	}
	ms := fmt.Sprintf("%012x", now.Add(-kept).UnixMilli())
	return id < ms[:8]+"-"+ms[8:]
}
