package app

import (
	"errors"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// payload is what an app tells a sign-on page about the phone that the page is on.
type payload struct {
	Subject     string `json:"sub"` // device
	Audience    string `json:"aud"` // environment
	Application string `json:"app"`
	Issued      int64  `json:"iat"` // Unix seconds
	Seq         int64  `json:"seq"`
}

// VerifyPayload verifies the mobilePayload of a request and uses it up: neither it nor an
// earlier one is good again. The caller has the latch of the user for whom it is given,
// and sees to it that it is of that user. The error is a refusal with target
// mobilePayload.
func (s *Apps) VerifyPayload(c *rest.Call, text string) (Caller, error) {
	who, r, seq, err := s.payload(c, text)
	if err != nil {
		return Caller{}, err
	}
	r.Payload = seq
	return who, r.save(c, who.Device)
}

// DeviceOf is the device that a payload is of, or "". It does not use it up: a filter of
// devices changes nothing.
func (s *Apps) DeviceOf(c *rest.Call, text string) (string, error) {
	who, _, _, err := s.payload(c, text)
	if _, bad := rest.ProblemOf(err); bad {
		return "", nil
	}
	return who.Device, err
}

func (s *Apps) payload(c *rest.Call, text string) (Caller, *record, int64, error) {
	bad := rest.Invalid("mobilePayload", "is of no native application that is paired here, or not of now")
	t, err := parse(text, payloadType)
	if err != nil || !rest.IsID(t.header.KeyID) {
		return Caller{}, nil, 0, bad
	}
	id := t.header.KeyID
	r, err := load(c, id)
	if err != nil {
		return Caller{}, nil, 0, err
	}
	if r == nil {
		return Caller{}, nil, 0, bad
	}
	var p payload
	if err := t.claims(r.Key, &p); err != nil || p.check(c, id, r) != nil {
		return Caller{}, nil, 0, bad
	}
	a, err := r.owned(c, id)
	if err != nil {
		return Caller{}, nil, 0, err
	}
	if a == nil {
		return Caller{}, nil, 0, bad
	}
	return Caller{User: r.User, Device: id, Application: r.Application}, r, p.Seq, nil
}

func (p payload) check(c *rest.Call, id string, r *record) error {
	if p.Subject != id || p.Audience != c.Env || p.Application != r.Application || p.Seq <= r.Payload {
		return errors.New("the payload is of another device, environment or application, or was used")
	}
	return fresh(p.Issued, p.Seq, c.Tx.Now())
}
