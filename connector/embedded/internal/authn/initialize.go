package authn

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// start is the body of an initialization.
type start struct {
	User           *rest.Ref `json:"user"`
	Policy         *rest.Ref `json:"policy"`
	SelectedDevice *struct {
		ID      string `json:"id"`
		OneTime *struct {
			Type string `json:"type"`
		} `json:"oneTime"`
	} `json:"selectedDevice"`
}

// initialize answers POST deviceAuthentications: 201, also when there is no usable
// device, which the status says.
func (s *Authentications) initialize(c *rest.Call) (rest.Reply, error) {
	var b start
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	x, err := s.begin(c, b)
	if err != nil {
		return rest.Reply{}, err
	}
	code, err := s.choose(c, x, b)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := x.save(c); err != nil {
		return rest.Reply{}, err
	}
	result := rest.Success
	if x.Status == Failed {
		result = rest.Failed
	}
	if err := audited(c, "AUTHENTICATION.CREATED", x, result); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(withTest(s.show(c, x), x, code))
}

// withTest shows the code of a test device, once.
func withTest(r Resource, x *session, code string) Resource {
	if d := x.device(x.Device); d != nil && d.Test && code != "" {
		r.Test = &device.Test{OTP: code}
	}
	return r
}

// begin validates a body and makes the session.
func (s *Authentications) begin(c *rest.Call, b start) (*session, error) {
	switch {
	case b.User == nil || b.User.ID == "":
		return nil, rest.Required("user.id")
	case !rest.IsID(b.User.ID):
		return nil, rest.Missing()
	case b.SelectedDevice != nil && b.SelectedDevice.OneTime != nil:
		return nil, rest.Invalid("selectedDevice.oneTime.type", "is not a type that can be used once here")
	}
	id := ""
	if b.Policy != nil {
		id = b.Policy.ID
	}
	p, err := s.Policies.Load(c.Tx, c.Env, id)
	if err != nil {
		return nil, err
	}
	now := c.Tx.Now().UnixMilli()
	x, err := s.load(c, &record{ID: c.Tx.NewID(), User: b.User.ID, Policy: p.ID, Status: DeviceSelectionRequired, Created: now})
	if err != nil {
		return nil, err
	}
	return x, x.fits()
}

// choose picks the device, as policy, order and request want it, and challenges it.
func (s *Authentications) choose(c *rest.Call, x *session, b start) (code string, err error) {
	if b.SelectedDevice != nil && b.SelectedDevice.ID != "" {
		return s.challenge(c, x, b.SelectedDevice.ID, "selectedDevice.id")
	}
	var usable []*device.Record
	for _, d := range x.devices {
		if s.usable(c, x, d) {
			usable = append(usable, d)
		}
	}
	switch how := x.policy.Selection(); {
	case len(usable) == 0:
		return "", s.noDevice(c, x)
	case how == policy.AlwaysDisplayAll,
		len(usable) > 1 && (how == policy.PromptToSelect || x.account.Unordered):
		return "", nil
	}
	return s.challenge(c, x, usable[0].ID, "selectedDevice.id")
}

// noDevice ends the session: FAILED, with the devices that time or an administrator may
// give back.
func (s *Authentications) noDevice(c *rest.Call, x *session) error {
	if err := x.move(NoDevice); err != nil {
		return err
	}
	x.Code = nil
	x.Error = &failure{Code: "NO_USABLE_DEVICES", Message: "Couldn't find authenticating device for user: " + x.User}
	for _, d := range x.devices {
		if s.served(x, d) {
			x.Error.Unavailable = append(x.Error.Unavailable, rest.Ref{ID: d.ID})
		}
	}
	return nil
}

// challenge selects a device and sends its code. A device that is not the user's is
// INVALID_VALUE of target, one that cools down TOO_MANY_OTP_RETRIES.
func (s *Authentications) challenge(c *rest.Call, x *session, id, target string) (string, error) {
	d := x.device(id)
	if d == nil {
		return "", rest.Invalid(target, "is not an active device of the user")
	}
	hot := x.account.Device(id)
	if _, locked := hot.Locked(c.Tx.Now()); locked {
		return "", otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	if !s.usable(c, x, d) {
		return "", rest.Invalid(target, "is blocked, or not allowed by the device authentication policy")
	}
	if err := x.move(SelectedCode); err != nil {
		return "", err
	}
	x.Device = id
	if k, _ := device.KindOf(d.Type); !k.Sent() {
		x.Code = nil
		return "", nil
	}
	o := x.policy.Method(d.Type).OTP
	life := o.LifeTime.Value()
	code := otp.New(c.Tx.Random, o.OTPLength)
	x.Code = s.Checker.Keep(code, x.ID, hot, c.Tx.Now().Add(life))
	return code, s.send(c, x, d, code, life)
}

func (s *Authentications) send(c *rest.Call, x *session, d *device.Record, code string, life time.Duration) error {
	if d.Test {
		return nil
	}
	k, _ := device.KindOf(d.Type)
	return s.Notify.Send(c, notify.Code{Template: notify.StrongAuthentication, Channel: k.Channel, To: d.To(),
		Group: "da/" + x.ID, OTP: code, LifeTime: life})
}
