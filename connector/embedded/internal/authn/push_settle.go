package authn

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// overdue reports whether a push was not answered in time and nobody has noticed yet.
func (r *record) overdue(now time.Time) bool {
	return r.Push != nil && r.Status == PushConfirmationRequired && !now.Before(time.UnixMilli(r.Push.Until))
}

// settle ends a push that was not answered in time. There is no timer: whoever reads or
// acts next finds it so, and writes it down once.
func (s *Authentications) settle(c *rest.Call, x *session) error {
	if !x.overdue(c.Tx.Now()) {
		return nil
	}
	if x.Push.Silent != "" {
		return s.settleSilent(c, x)
	}
	p := *x.Push
	if err := x.move(PushTimedOut); err != nil {
		return err
	}
	if err := s.update(c, x, rest.Failed); err != nil {
		return err
	}
	return s.refusedPush(c, x, p.Device, time.UnixMilli(p.Until))
}

// settleSilent ends a device authorization whose app said nothing: permissive lets it
// pass, restrictive does not.
func (s *Authentications) settleSilent(c *rest.Call, x *session) error {
	if x.Push.Silent == policy.Permissive && s.mayApprove(c, x) == nil {
		return s.approved(c, x, false)
	}
	if err := x.move(PushDenied); err != nil {
		return err
	}
	x.Error = &failure{Code: string(PushConfirmationTimedOut), Message: "The app did not answer in time"}
	return s.update(c, x, rest.Failed)
}

// withdraw takes the push of the session from the phone; what was on its way there is
// found to be over.
func (r *record) withdraw(c *rest.Call) error {
	if r.Push == nil {
		return nil
	}
	all, err := device.LoadPushes(c, r.User, r.Push.Device)
	if err != nil {
		return err
	}
	if all.Find(r.Push.ID) != nil {
		all.Close(r.Push.ID)
		if err := all.Save(c, r.User, r.Push.Device); err != nil {
			return err
		}
	}
	r.Push = nil
	return nil
}

// refusedPush locks pushes to a device when the one that was denied or ignored at a time
// was one too many. The lock begins no earlier than the newest push that counts: one that
// nobody looked after for an hour must not start the count anew for those sent since.
func (s *Authentications) refusedPush(c *rest.Call, x *session, id string, at time.Time) error {
	d := x.device(id)
	if d == nil {
		return nil
	}
	r, known := x.appRules(d)
	hot := x.account.Device(id)
	if _, locked := hot.PushesLocked(c.Tx.Now()); locked || !known || hot.Pushes < r.PushLimit {
		return nil
	}
	all, err := device.LoadPushes(c, x.User, id)
	if err != nil {
		return err
	}
	if !all.Spent(hot, limit(r), at) {
		return nil
	}
	if last := all.Last(); last.After(at) {
		at = last
	}
	hot.LockPushes(r.PushLock, at)
	if err := x.saveAccount(c); err != nil {
		return err
	}
	return c.Audit(rest.Event{Type: "DEVICE.LOCKED", User: x.User, ResourceType: "DEVICE", ResourceID: id, Description: "PUSH"})
}

// findSpent notes the devices that get no more pushes. It reads only for those that may
// be at their limit.
func (x *session) findSpent(c *rest.Call) error {
	x.spentPushes = map[string]bool{}
	for _, d := range x.devices {
		r, known := x.appRules(d)
		hot := x.account.Device(d.ID)
		if !known || hot.Pushes < r.PushLimit {
			continue
		}
		all, err := device.LoadPushes(c, x.User, d.ID)
		if err != nil {
			return err
		}
		x.spentPushes[d.ID] = all.Spent(hot, limit(r), c.Tx.Now())
	}
	return nil
}

// lockSpent locks the devices that get no more pushes, when one is asked for all the
// same: nobody may have looked whether the last was answered.
func (s *Authentications) lockSpent(c *rest.Call, x *session) error {
	for _, d := range x.devices {
		if x.spentPushes[d.ID] {
			if err := s.refusedPush(c, x, d.ID, c.Tx.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}
