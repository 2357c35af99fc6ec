package otp_test

import (
	"crypto/rand"
	"encoding/binary"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/totp"
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // never fails
	return b
}

// codes are spread evenly, with leading zeros: chi-square over the first two and
// the last two digits of a million codes.
func TestA15Distribution(t *testing.T) {
	t.Parallel()
	const draws = 1_000_000
	var head, tail [100]float64
	for range draws {
		c := otp.New(random, 6)
		if len(c) != 6 {
			t.Fatalf("code %q", c)
		}
		head[int(c[0]-'0')*10+int(c[1]-'0')]++
		tail[int(c[4]-'0')*10+int(c[5]-'0')]++
	}
	for name, counts := range map[string][100]float64{"first": head, "last": tail} {
		var chi float64
		for _, n := range counts {
			chi += (n - draws/100) * (n - draws/100) / (draws / 100)
		}
		if chi > 180 { // 99 degrees of freedom: p < 0.000001
			t.Errorf("%s digits: chi-square %.0f", name, chi)
		}
	}
}

// A draw from the incomplete last multiple of the code space is thrown away.
func TestNoModuloBias(t *testing.T) {
	t.Parallel()
	space := uint64(1_000_000)
	limit := (^uint64(0) / space) * space
	draws := []uint64{^uint64(0), limit, limit - 1}
	calls := 0
	got := otp.New(func(int) []byte {
		calls++
		return binary.BigEndian.AppendUint64(nil, draws[calls-1])
	}, 6)
	if got != "999999" || calls != 3 {
		t.Errorf("code %s after %d draws, want 999999 after 3", got, calls)
	}
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A code is bound to environment, epoch, purpose, device and key.
func TestBinding(t *testing.T) {
	t.Parallel()
	const one, two = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
	base := otp.Checker{Key: []byte("k"), Epoch: 1, Env: "e"}
	for name, c := range map[string]struct {
		checker         otp.Checker
		purpose, device string
		want            otp.Verdict
	}{
		"same":        {base, "da", one, otp.Right},
		"key":         {otp.Checker{Key: []byte("x"), Epoch: 1, Env: "e"}, "da", one, otp.Wrong},
		"epoch":       {otp.Checker{Key: []byte("k"), Epoch: 2, Env: "e"}, "da", one, otp.Wrong},
		"environment": {otp.Checker{Key: []byte("k"), Epoch: 1, Env: "f"}, "da", one, otp.Wrong},
		"purpose":     {base, "db", one, otp.Wrong},
		"device":      {base, "da", two, otp.Wrong},
	} {
		code := base.Keep("123456", "da", &account.Device{ID: one}, now.Add(time.Minute))
		got := c.checker.Check(code, &account.Device{ID: c.device}, account.Rule{Count: 3}, c.purpose, "123456", now)
		if got.Verdict != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got.Verdict, c.want)
		}
	}
}

// The order of the checks: lock, dead code, age, and only then a comparison.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	rule := account.Rule{Count: 3, CoolDown: time.Minute, Row: 100}
	ms := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
	for name, c := range map[string]struct {
		device  account.Device
		no      bool // no code
		age     time.Duration
		guess   string
		want    otp.Verdict
		compare int
		after   account.Device
	}{
		"right":            {guess: "123456", want: otp.Right, compare: 1},
		"right forgets":    {device: account.Device{Fails: 2, Row: 9}, guess: "123456", want: otp.Right, compare: 1},
		"wrong":            {guess: "123457", want: otp.Wrong, compare: 1, after: account.Device{Fails: 1, Row: 1}},
		"malformed":        {guess: "12345", want: otp.Wrong, after: account.Device{Fails: 1, Row: 1}},
		"before 0":         {guess: "12345/", want: otp.Wrong, after: account.Device{Fails: 1, Row: 1}},
		"after 9":          {guess: "12345:", want: otp.Wrong, after: account.Device{Fails: 1, Row: 1}},
		"last":             {device: account.Device{Fails: 2, Row: 2}, guess: "0", want: otp.TooMany, after: account.Device{Row: 3, Gen: 1, LockedTo: ms(time.Minute)}},
		"hundredth":        {device: account.Device{Row: 99}, guess: "0", want: otp.TooMany, after: account.Device{Fails: 1, Row: 100, BlockedAt: ms(0)}},
		"locked":           {device: account.Device{LockedTo: ms(time.Second)}, guess: "123456", want: otp.TooMany, after: account.Device{LockedTo: ms(time.Second)}},
		"lock over":        {device: account.Device{LockedTo: ms(0)}, guess: "123456", want: otp.Right, compare: 1},
		"blocked":          {device: account.Device{BlockedAt: 1}, guess: "123456", want: otp.TooMany, after: account.Device{BlockedAt: 1}},
		"no code":          {no: true, guess: "123456", want: otp.TooMany},
		"expired":          {age: time.Hour, guess: "123456", want: otp.Expired},
		"just not expired": {age: time.Hour - time.Millisecond, guess: "123456", want: otp.Right, compare: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compared := 0
			k := otp.Checker{Key: []byte("k"), OnCompare: func() { compared++ }}
			d := c.device
			code := k.Keep("123456", "da", &d, now.Add(time.Hour))
			if c.no {
				code = nil
			}
			res := k.Check(code, &d, rule, "da", c.guess, now.Add(c.age))
			if res.Verdict != c.want || compared != c.compare || d != c.after || res.Changed != (d != c.device) {
				t.Errorf("verdict %d, %d comparisons, changed %t, device %+v; want %d, %d, %+v", res.Verdict, compared, res.Changed, d, c.want, c.compare, c.after)
			}
		})
	}
	k := otp.Checker{Key: []byte("k")}
	d := account.Device{Gen: 4}
	code := k.Keep("123456", "da", &d, now.Add(time.Hour))
	d.Gen++
	if got := k.Check(code, &d, rule, "da", "123456", now).Verdict; got != otp.TooMany {
		t.Errorf("a code of an older generation: %d", got)
	}
}

// An empty secret makes codes too, which anybody can make: no code of it is right.
func TestAppWithoutSecretHasNoRightCode(t *testing.T) {
	t.Parallel()
	m := otp.Made{Period: 30 * time.Second, Grace: 1}
	guess := totp.Code(nil, totp.Step(now, m.Period))
	k := otp.Checker{OnCompare: func() { t.Error("compared with a code of an empty secret") }}
	d := account.Device{}
	if got := k.CheckTOTP(m, &d, account.Rule{Count: 3}, guess, now).Verdict; got != otp.TooMany {
		t.Errorf("verdict %d, want %d", got, otp.TooMany)
	}
}

// A guess at a device that has no code counts, but at none that is locked or blocked.
func TestMissCountsUnlessTheDeviceIsLockedOrBlocked(t *testing.T) {
	t.Parallel()
	rule := account.Rule{Count: 3, CoolDown: time.Minute, Row: 100}
	soon := now.Add(time.Second).UnixMilli()
	for name, c := range map[string]struct {
		device, after account.Device
		want          otp.Verdict
	}{
		"open":    {account.Device{}, account.Device{Fails: 1, Row: 1}, otp.Wrong},
		"locked":  {account.Device{LockedTo: soon}, account.Device{LockedTo: soon}, otp.TooMany},
		"blocked": {account.Device{BlockedAt: 1}, account.Device{BlockedAt: 1}, otp.TooMany},
	} {
		d := c.device
		if got := otp.Miss(&d, rule, now); got.Verdict != c.want || d != c.after {
			t.Errorf("%s: verdict %d, device %+v; want %d, %+v", name, got.Verdict, d, c.want, c.after)
		}
	}
}
