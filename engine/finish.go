package engine

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
)

// proof is one authentication that happened in this execution.
type proof struct {
	User    string   `json:"u"`
	Methods []string `json:"m"`
	At      int64    `json:"t"`
	Since   int64    `json:"s,omitempty"`

	Capability string `json:"c,omitempty"` // that made it, and judges it again
	Device     string `json:"d,omitempty"`
	Type       string `json:"k,omitempty"`
	Policy     string `json:"p,omitempty"`
	Epoch      string `json:"e,omitempty"`
}

// clockSkew is how far the clock of a back end may be behind ours before its challenges
// look older than the execution that asked for them.
const clockSkew = time.Minute

// prove keeps a proof. From then on the handle is another one: who knew the handle
// before the user was authenticated must not use it after (security A-29).
func (w *walker) prove(c *connector.Entry, p connector.Proof) {
	if !c.Joined && !p.Since.IsZero() {
		p.Since = p.Since.Add(clockSkew)
	}
	w.st.head.Proofs = append(w.st.head.Proofs, proof{
		User: p.UserID, Methods: p.Methods, At: millis(p.At), Since: millis(p.Since),
		Capability: c.ID, Device: p.Device, Type: p.DeviceType, Policy: p.Policy, Epoch: p.Epoch})
	w.st.head.Rotate = true
}

// kinds says which kind of factor an RFC 8176 method is; what is not here counts as none.
var kinds = map[string]string{
	"pwd": "knowledge", "pin": "knowledge", "kba": "knowledge",
	"otp": "possession", "sms": "possession", "tel": "possession", "hwk": "possession",
	"swk": "possession", "sc": "possession", "mca": "possession",
	"fpt": "inherence", "face": "inherence", "iris": "inherence", "retina": "inherence", "vbm": "inherence",
}

// result is what the proofs add up to: all of one user, none older than the execution.
// "mfa" is ours to say: two different kinds were proven (RFC 8176, security 1.4).
func (w *walker) result() (*Result, *ErrorInfo) {
	var r *Result
	proven := map[string]bool{}
	for _, p := range w.st.head.Proofs {
		if r == nil {
			r = &Result{UserID: p.User, AMR: []string{}}
		}
		if p.User != r.UserID || p.User == "" {
			return nil, &ErrorInfo{Code: connector.CodeFlowFailed, Message: "the proofs are of different users"}
		}
		if p.Since != 0 && p.Since < w.st.head.Created {
			return nil, &ErrorInfo{Code: connector.CodeFlowFailed, Message: "a proof is older than this execution"}
		}
		for _, m := range p.Methods {
			if m == "mfa" {
				continue
			}
			if k := kinds[m]; k != "" {
				proven[k] = true
			}
			if !slices.Contains(r.AMR, m) {
				r.AMR = append(r.AMR, m)
			}
		}
		r.AuthTime = maxTime(r.AuthTime, fromMillis(p.At))
	}
	if r != nil {
		if len(proven) > 1 {
			r.AMR = append(r.AMR, "mfa")
		}
		slices.Sort(r.AMR)
	}
	return r, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// finish ends the execution. What a client may still read stays; all else goes.
func (w *walker) finish(e event, outcome string, info *ErrorInfo) error {
	if e == eventComplete {
		bad, err := w.confirmProofs()
		if err != nil {
			return err
		}
		var result *Result
		if bad == nil {
			result, bad = w.result()
		}
		if bad != nil {
			e, outcome, info = eventFail, "failed", bad
		}
		w.st.head.Result = result
	}
	if e == eventComplete {
		if err := w.settleUndos(w.st.head.Result); err != nil {
			return err
		}
	} else {
		w.cancelOpen()
		if err := w.undoAll(); err != nil {
			return err
		}
	}
	w.r.polls.Delete(w.st.id)
	if err := w.become(e); err != nil {
		return err
	}
	w.note(TraceEntry{Event: "end", Next: outcome, Error: info})
	h := &w.st.head
	h.Outcome, h.Error, h.Finished = outcome, info, millis(w.now)
	h.Running, h.Message, h.Open, h.Undo = nil, nil, nil, nil
	outputs, reached := w.st.slots[slotName(0, slotOutputs, "")]
	w.st.slots = map[string]*slot{}
	if reached {
		w.st.slots[slotName(0, slotOutputs, "")] = outputs
	}
	h.Frames = []frame{{Flow: h.Flow}}
	return nil
}

// openResource is something of the back end that this execution began and that must
// not outlive it: a deviceAuthentication, say.
type openResource struct {
	Name   string `json:"n"` // the x-resource name
	ID     string `json:"i"`
	Status string `json:"s"`
}

// noteResource remembers the resource that an output holds, with its newest status.
func (w *walker) noteResource(c *connector.Entry, out map[string]any) {
	name, member := c.Spec.Resource()
	if w.r.cancelers[name] == nil {
		return
	}
	resource, _ := out[member].(map[string]any)
	id, _ := resource["id"].(string)
	status, _ := resource["status"].(string)
	if id == "" {
		return
	}
	for i, o := range w.st.head.Open {
		if o.Name == name && o.ID == id {
			w.st.head.Open[i].Status = status
			return
		}
	}
	w.st.head.Open = append(w.st.head.Open, openResource{Name: name, ID: id, Status: status})
}

// forgetResource lets go of what a node took back itself. If that is open all the same,
// the output says so and noteResource hears it.
func (w *walker) forgetResource(n *flows.Node) {
	c := n.Capability.Spec.Cancels
	if c == nil {
		return
	}
	input, err := w.object(n.With, nil, w.givenTo(n.Takes))
	if err != nil {
		return // then the end takes it back once more, which harms nothing
	}
	w.st.head.Open = slices.DeleteFunc(w.st.head.Open, func(o openResource) bool {
		return o.Name == c.Resource && o.ID == input[c.Input]
	})
}

// cancelOpen cancels what the execution leaves open. A refusal changes nothing: the
// execution ends all the same (contract 5).
func (w *walker) cancelOpen() {
	for _, o := range w.st.head.Open {
		c := w.r.cancelers[o.Name]
		if c == nil || slices.Contains(c.Spec.Cancels.Final, o.Status) {
			continue
		}
		out := c.Run(w.ctx, connector.Call{
			Input: map[string]any{c.Spec.Cancels.Input: o.ID}, Key: w.st.id + "/cancel/" + o.ID})
		if f, refused := out.(connector.Fail); refused {
			w.note(TraceEntry{Event: "fail", Capability: c.ID, Error: &ErrorInfo{Code: f.Code}})
			continue
		}
		w.note(TraceEntry{Event: "cancel", Capability: c.ID})
	}
}
