package engine

import (
	"slices"

	"github.com/mfaflow/mfaflow/connector"
)

// The world moves while an execution waits: its user is disabled, the device is taken away,
// a password is reset. So what was proven is judged again before the first capability of
// each unit of work, and once more before the execution completes. A proof that counts no
// more ends the execution as FAILED, past every catch: no route of a flow leads on from it.

// confirmProofs judges every proof again and returns why one counts no more, or an error
// that drops the unit. Within a unit nobody else can change what was read, so only this
// execution's own runs make it ask a second time.
func (w *walker) confirmProofs() (*ErrorInfo, error) {
	if w.confirmed {
		return nil, nil
	}
	for i, p := range w.st.head.Proofs {
		if slices.ContainsFunc(w.st.head.Proofs[:i], p.restsOnSame) {
			continue
		}
		info, err := w.confirmProof(p)
		if info != nil || err != nil {
			return info, err
		}
	}
	w.confirmed = true
	return nil, nil
}

func (w *walker) confirmProof(p proof) (*ErrorInfo, error) {
	c, ok := w.confirmerOf(p)
	if !ok {
		return &ErrorInfo{Code: connector.CodeCredentialsChanged, Message: "a proof cannot be judged any more"}, nil
	}
	fail := c.Confirm(w.ctx, connector.Proof{UserID: p.User, Methods: p.Methods, At: fromMillis(p.At), Since: fromMillis(p.Since),
		Device: p.Device, DeviceType: p.Type, Policy: p.Policy, Epoch: p.Epoch})
	switch {
	case fail == nil:
		return nil, nil
	case dropsUnit(fail.Err):
		return nil, fail.Err
	}
	info := &ErrorInfo{Code: fail.Code, Message: fail.Message, Path: w.path()}
	w.note(TraceEntry{Event: "fail", Capability: c.ID, Error: info})
	return info, nil
}

// confirmerOf finds the capability that judges a proof: the one that made it. Executions
// that began before proofs named it go on: any that authenticates can judge their user.
func (w *walker) confirmerOf(p proof) (*connector.Entry, bool) {
	if p.Capability != "" {
		return w.r.caps.Lookup(p.Capability)
	}
	for _, c := range w.r.caps.All() {
		if c.Spec.Authenticates {
			return c, true
		}
	}
	return nil, false
}

// restsOnSame reports whether two proofs are judged alike, so that one answer is enough.
func (p proof) restsOnSame(q proof) bool {
	return p.User == q.User && p.Capability == q.Capability && p.Device == q.Device && p.Type == q.Type &&
		p.Policy == q.Policy && p.Epoch == q.Epoch
}

// noteRun takes over what a run has done to the proofs: credentials that it changed for this
// execution are those of the proofs made before, and a device that it removed is not missed.
// Whatever else it changed, the proofs are judged after it; only a check that succeeded in
// this unit, or a reading, leaves them as they are.
func (w *walker) noteRun(c *connector.Entry, o connector.Outcome) {
	done, ok := o.(connector.Complete)
	if !c.Joined || !ok || c.Spec.Effect != connector.Read && !c.Spec.Authenticates {
		w.confirmed = false
	}
	r := done.Renewal
	if r == nil {
		return
	}
	proofs := w.st.head.Proofs
	if r.Epoch == "" {
		w.st.head.Proofs = slices.DeleteFunc(proofs, func(p proof) bool { return p.User == r.UserID })
		return
	}
	for i := range proofs {
		p := &proofs[i]
		if p.User != r.UserID {
			continue
		}
		if p.Epoch != "" {
			p.Epoch = r.Epoch
		}
		if p.Device == r.Device {
			p.Device = ""
		}
	}
}
