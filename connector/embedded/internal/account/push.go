package account

import "time"

// PushRule is what a policy says about pushes that nobody approves.
type PushRule struct {
	Count  int // that many within Period, and no more are sent for Lock
	Period time.Duration
	Lock   time.Duration
}

// PushesLocked reports whether no push may be sent to the device, and until when.
func (d *Device) PushesLocked(now time.Time) (until time.Time, locked bool) {
	until = time.UnixMilli(d.PushesTo)
	return until, now.Before(until)
}

// LockPushes keeps pushes from the device for a time. The count starts anew after it.
func (d *Device) LockPushes(lock time.Duration, now time.Time) {
	d.Pushes, d.PushesTo = 0, now.Add(lock).UnixMilli()
}

// FreePushes forgets the pushes that were sent, and ends a lock. It reports whether there
// was anything to forget.
func (d *Device) FreePushes() bool {
	dirty := d.Pushes != 0 || d.PushesTo != 0
	d.Pushes, d.PushesTo = 0, 0
	return dirty
}
