package server

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// A limiter counts whom it tracks apart from the crowd, forgets a key no sooner than its
// allowance is full and there is no room, looks for such keys once a second at most, and
// gets over a clock that is set back.
func TestLimiterTracksWhoHasSpent(t *testing.T) {
	t.Parallel()
	const s, back = time.Second, -time.Hour
	type step struct {
		at      time.Duration
		key     string
		wait    time.Duration
		tracked string
	}
	for name, c := range map[string]struct {
		perMinute, tracked int
		steps              []step
	}{
		"room is made once a second": {60, 2, []step{
			{0, "a", 0, "a"},
			{10 * s, "b", 0, "a b"}, // there is room: nobody need be forgotten
			{10*s + s/2, "c", 0, "b c"},
			{11 * s, "d", 0, "b c"}, // b is full again, but it is too soon to look
			{11*s + s/2, "d", 0, "d"},
		}},
		"tracked keys count apart from the crowd": {2, 1, []step{
			{0, "a", 0, "a"}, {0, "b", 0, "a"}, {0, "a", 0, "a"}, {0, "a", 30 * s, "a"}, {0, "b", 0, "a"}, {0, "b", 30 * s, "a"},
			{30*s - 1, "a", 1, "a"}, {30 * s, "a", 0, "a"}, {30 * s, "a", 30 * s, "a"},
		}},
		"who has spent all is tracked": {1, 1, []step{{0, "a", 0, "a"}, {0, "b", 0, "a"}, {0, "b", 60 * s, "a"}, {0, "a", 60 * s, "a"}}},
		"a tracked key and a clock that is set back": {60, 1, []step{
			{0, "a", 0, "a"}, {back, "a", s, "a"}, {back + s, "a", 0, "a"}, {back + s, "a", s, "a"},
		}},
		"the crowd and a clock that is set back": {60, 1, []step{
			{0, "a", 0, "a"}, {0, "b", 0, "a"}, {back, "b", s, "a"}, {back + s, "b", 0, "b"},
		}},
	} {
		begin := time.Unix(1_000_000, 0)
		now := begin
		l := newRateLimiter[string](c.perMinute, c.tracked, func() time.Time { return now })
		for i, x := range c.steps {
			now = begin.Add(x.at)
			wait := l.countEvent(x.key)
			tracked := strings.Join(slices.Sorted(maps.Keys(l.fullAt)), " ")
			if wait != x.wait || tracked != x.tracked {
				t.Errorf("%s, event %d of %s: got wait %s with %q tracked, want %s with %q", name, i, x.key, wait, tracked, x.wait, x.tracked)
			}
		}
	}
}
