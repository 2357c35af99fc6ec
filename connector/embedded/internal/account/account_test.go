package account_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
)

func id(n int) string { return fmt.Sprintf("0192f000-0000-7000-8000-%012x", n) }

// With fifteen devices, all failed, locked and blocked, the record stays within 1 KB.
func TestSize(t *testing.T) {
	t.Parallel()
	now := time.Now().UnixMilli()
	a := account.Account{Off: true, MFA: true, Fails: 7, LockedTo: now, Unordered: true}
	for i := range 15 {
		a.Devices = append(a.Devices, account.Device{ID: id(i), Fails: 6, Row: 99, Gen: 33, LockedTo: now, BlockedAt: now})
	}
	b, err := json.Marshal(&a)
	if err != nil || len(b) > 1024 {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
	apps := account.Account{Off: true, MFA: true, Fails: 7, LockedTo: now, LockedAt: now, CodeFails: 99, CodesTo: now, Unordered: true}
	for i := range 5 {
		apps.Devices = append(apps.Devices, account.Device{ID: id(i), Fails: 6, Row: 99, Gen: 33, LockedTo: now, BlockedAt: now, Pending: true, Step: now / 30_000})
	}
	if b, err := json.Marshal(&apps); err != nil || len(b) > 512 {
		t.Errorf("with five apps %d bytes, error %v", len(b), err)
	}
	quiet, err := json.Marshal(account.Account{MFA: true, Devices: []account.Device{{ID: id(1)}}})
	if err != nil || len(quiet) > 64 {
		t.Errorf("a quiet record has %d bytes: %s, error %v", len(quiet), quiet, err)
	}
}

func device() *rapid.Generator[account.Device] {
	return rapid.Custom(func(t *rapid.T) account.Device {
		return account.Device{
			ID: id(rapid.IntRange(0, 1<<30).Draw(t, "id")), Pending: rapid.Bool().Draw(t, "pending"),
			Fails: rapid.IntRange(0, 7).Draw(t, "fails"), Row: rapid.IntRange(0, 100).Draw(t, "row"), Gen: rapid.IntRange(0, 9999).Draw(t, "gen"),
			LockedTo: rapid.Int64Range(0, 1<<42).Draw(t, "locked"), BlockedAt: rapid.Int64Range(0, 1<<42).Draw(t, "blocked"),
			Step: rapid.Int64Range(0, 1<<40).Draw(t, "step"), BackedUp: rapid.Bool().Draw(t, "backed up"),
			Pushes: rapid.IntRange(0, 50).Draw(t, "pushes"), PushesTo: rapid.Int64Range(0, 1<<42).Draw(t, "pushes locked"),
		}
	})
}

// What is written is read back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := account.Account{MFA: rapid.Bool().Draw(t, "mfa"), Devices: rapid.SliceOfN(device(), 0, 20).Draw(t, "devices")}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got account.Account
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if len(want.Devices) == 0 {
			want.Devices = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte(`["AZLwAAAAcACAAAAAAAAAAQ",1,2,3]`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`["x",1,2,3,4,5,6,7]`))
	f.Add([]byte(`["AZLwAAAAcACAAAAAAAAAAQ",0,0,0,0,0,0,59000000]`))
	f.Add([]byte(`["AZLwAAAAcACAAAAAAAAAAQ",1,2,3,4,5,6,7,8,9,10]`))
	f.Add([]byte(`["AZLwAAAAcACAAAAAAAAAAQA"]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d account.Device
		if json.Unmarshal(b, &d) != nil {
			return
		}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("%q was read and cannot be written: %v", b, err)
		}
	})
}

// An id is written without its hyphens: what has another spelling would be read back as
// another id.
func TestNoOtherSpellingOfAnIDIsWritten(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "x", strings.ReplaceAll(id(1), "-", ""), id(1) + "-", strings.Repeat("0", 36)} {
		if b, err := json.Marshal(account.Device{ID: bad}); err == nil {
			t.Errorf("%q was written as %s", bad, b)
		}
	}
}

// The order: active devices first, by activation; the first is the default.
func TestOrder(t *testing.T) {
	t.Parallel()
	a := account.Account{}
	a.Add(account.Device{ID: id(1)})
	a.Add(account.Device{ID: id(2), Pending: true})
	a.Add(account.Device{ID: id(3)})
	check := func(step string, active, pending []string) {
		t.Helper()
		if d := cmp.Diff([][]string{active, pending}, [][]string{a.Active(), a.Pending()}); d != "" {
			t.Errorf("%s: %s", step, d)
		}
	}
	check("added", []string{id(1), id(3)}, []string{id(2)})
	if a.Reorder([]string{id(2)}) {
		t.Error("an order with a pending device was taken")
	}
	a.Activate(id(2))
	check("activated", []string{id(1), id(3), id(2)}, []string{})
	for _, bad := range [][]string{{id(9)}, {id(1), id(1)}} {
		if a.Reorder(bad) {
			t.Errorf("order %v was taken", bad)
		}
	}
	if !a.Reorder([]string{id(2)}) {
		t.Error("order with one id was refused")
	}
	check("reordered", []string{id(2), id(1), id(3)}, []string{})
	a.Remove(id(2))
	check("default removed", []string{id(1), id(3)}, []string{})
}

// Wrong codes: the count kills the code, a cool-down locks, a hundred in a row block,
// and only a right code forgets.
func TestWrong(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	d := account.Device{ID: id(1)}
	for i := 1; i <= 101; i++ { // blocked once
		f := d.Wrong(account.Rule{Count: 3, Row: 100}, now)
		if f.Left != (300-i)%3 || f.Locked || f.Blocked != (i == 100) || d.Gen != i/3 {
			t.Fatalf("failure %d: %+v, %+v", i, f, d)
		}
	}
	d = account.Device{ID: id(1)}
	d.Wrong(account.Rule{Count: 1, CoolDown: time.Minute}, now)
	if until, locked := d.Locked(now.Add(time.Minute - 1)); !locked || !until.Equal(now.Add(time.Minute)) {
		t.Errorf("locked %t until %s", locked, until)
	}
	if _, locked := d.Locked(now.Add(time.Minute)); locked {
		t.Error("still locked when the cool-down is over")
	}
}

// So many wrong codes lock the account for a while; a right one forgets them.
func TestCodes(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	a := account.Account{}
	for i := 1; i <= 3; i++ {
		a.CodeWrong(3, time.Minute, now)
		if a.CodesLocked(now) != (i == 3) {
			t.Errorf("after %d: %+v", i, a)
		}
	}
	if !a.CodesLocked(now.Add(time.Minute-1)) || a.CodesLocked(now.Add(time.Minute)) {
		t.Error("the lock is not a minute long")
	}
	if b := a; !b.CodeRight() || b.CodesLocked(now) {
		t.Errorf("a right code leaves the lock: %+v", b)
	}
	a.CodeWrong(3, time.Minute, now.Add(time.Minute))
	if a.CodeFails != 1 || !a.CodeRight() || a.CodeRight() {
		t.Errorf("%+v", a)
	}
}

// Pushes are locked until the lock's end; then, or when they are freed, they count anew.
func TestPushes(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	d := account.Device{ID: id(1), Pushes: 5}
	d.LockPushes(time.Minute, now)
	if until, locked := d.PushesLocked(now.Add(time.Minute - 1)); !locked || !until.Equal(now.Add(time.Minute)) || d.Pushes != 0 {
		t.Errorf("locked %t until %s, %d count", locked, until, d.Pushes)
	}
	if _, locked := d.PushesLocked(now.Add(time.Minute)); locked {
		t.Error("still locked when the time is over")
	}
	if !d.FreePushes() || d.FreePushes() || d.PushesTo != 0 {
		t.Errorf("%+v", d)
	}
}

// The step of the code that activated a device stays used.
func TestActivateKeepsStep(t *testing.T) {
	t.Parallel()
	a := account.Account{Devices: []account.Device{{ID: id(1), Pending: true, Fails: 2, Step: 77}}}
	a.Activate(id(1))
	if d := cmp.Diff([]account.Device{{ID: id(1), Gen: 1, Step: 77}}, a.Devices); d != "" {
		t.Error(d)
	}
}

// A password lock begins at the count, ends by itself, and then starts anew.
func TestPassword(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	a := account.Account{}
	for want := 2; want >= 0; want-- {
		if left := a.PasswordWrong(3, time.Minute, now); left != want {
			t.Errorf("left %d, want %d", left, want)
		}
	}
	if left, locked := a.PasswordLocked(now.Add(59 * time.Second)); !locked || left != time.Second {
		t.Errorf("locked %t for %s", locked, left)
	}
	if _, locked := a.PasswordLocked(now.Add(time.Minute)); locked {
		t.Error("still locked")
	}
	if left := a.PasswordWrong(3, time.Minute, now.Add(time.Minute)); left != 2 {
		t.Errorf("after the lock: left %d, want 2", left)
	}
}
