package authn

import (
	"cmp"
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

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
	if x.Own, err = b.WebAuthn.Own(); err != nil {
		return rest.Reply{}, err
	}
	of, err := s.named(c, x, b)
	if err != nil {
		return rest.Reply{}, err
	}
	code, err := s.pick(c, x, b.SelectedDevice, of)
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
	reply, err := s.reply(c, x)
	reply.Status, reply.Body = http.StatusCreated, withTest(s.show(c, x), x, code)
	return reply, err
}

// withTest shows the code of a test device, once.
func withTest(r Resource, x *session, code string) Resource {
	if d, _ := x.selected(); d != nil && d.Test && code != "" {
		r.Test = &device.Test{OTP: code}
	}
	return r
}

// begin validates a body and makes the session, under the user's latch.
func (s *Authentications) begin(c *rest.Call, b start) (*session, error) {
	if err := b.validate(); err != nil {
		return nil, err
	}
	template, err := b.Notification.Pick(notify.StrongAuthentication, notify.Transaction)
	if err != nil {
		return nil, err
	}
	if template == notify.StrongAuthentication {
		template = ""
	}
	id := ""
	if b.Policy != nil {
		id = b.Policy.ID
	}
	p, err := s.Policies.Load(c.Tx, c.Env, id)
	if err != nil {
		return nil, err
	}
	r := &record{ID: c.Tx.NewID(), Policy: p.ID, Status: DeviceSelectionRequired, Template: template, Compat: b.Compatibility, Discreet: s.isDiscreet(b),
		Created: c.Tx.Now().UnixMilli()}
	if b.RP != nil {
		r.RP = b.RP.ID
	}
	r.Passkeys = b.SelectedDevice != nil && b.SelectedDevice.Passkey
	if b.usernameless() {
		return s.load(c, r)
	}
	r.User = b.User.ID
	if err := c.Tx.Latch(account.Key(c.Env, r.User)); err != nil {
		return nil, err
	}
	x, err := s.load(c, r)
	if err != nil {
		return nil, err
	}
	if err := x.checkMayAuthenticate(c.Tx.Now()); err != nil {
		return nil, err
	}
	if r.Discreet && b.SelectedDevice.Account == nil {
		if r.Stand, err = s.chooseStandIn(c, x); err != nil {
			return nil, err
		}
		if r.Stand != nil {
			if x, err = s.load(c, r); err != nil {
				return nil, err
			}
		}
	}
	if x.Asked, err = askedBy(c, b.Notification); err != nil {
		return nil, err
	}
	return x, s.lockSpent(c, x)
}

// choose picks the device, as policy, order and request want it, and challenges it.
func (s *Authentications) choose(c *rest.Call, x *session, want *selection) (code string, err error) {
	switch {
	case x.account == nil:
		return "", s.askAnyone(c, x)
	case want != nil && (want.OneTime != nil || want.Account != nil):
		return s.useOnce(c, x, want)
	case want != nil && want.OTP != nil:
		return "", s.checkFirst(c, x, want)
	case want != nil && want.ID != "" && !x.Discreet:
		return s.challenge(c, x, want.ID, "selectedDevice.id")
	}
	var usable []*device.Record
	for _, d := range x.devices {
		if s.usable(c, x, d) && !x.mute(d) {
			usable = append(usable, d)
		}
	}
	switch how := x.policy.Selection(); {
	case len(usable) == 0 && s.onlyWaits(c, x):
		return "", otp.Refusal(otp.Result{Verdict: otp.TooMany})
	case len(usable) == 0:
		return "", s.noDevice(c, x)
	case x.Passkeys:
	case how == policy.AlwaysDisplayAll,
		len(usable) > 1 && (how == policy.PromptToSelect || x.account.Unordered):
		return "", nil
	}
	return s.challengeFirst(c, x, usable)
}

// challengeFirst challenges the first device that gets a message. When none gets one it is
// QUOTA_EXCEEDED.
func (s *Authentications) challengeFirst(c *rest.Call, x *session, usable []*device.Record) (string, error) {
	before := *x.record
	var refusal error
	for _, d := range usable {
		var code string
		if code, refusal = s.challenge(c, x, d.ID, "selectedDevice.id"); !notify.IsExceeded(refusal) {
			return code, refusal
		}
		*x.record = before
	}
	return "", refusal
}

// noDevice ends the session: FAILED, with the devices that time or an administrator may
// give back.
func (s *Authentications) noDevice(c *rest.Call, x *session) error {
	if err := x.move(NoDevice); err != nil {
		return err
	}
	x.Code, x.Ask = nil, nil
	x.Error = &failure{Code: "NO_USABLE_DEVICES", Message: "Couldn't find authenticating device for user: " + x.User}
	if s.onlyWaits(c, x) {
		x.Error.Code, x.Error.Message = rest.TooManyOTPRetries, "Too many wrong OTPs were provided; try again later"
	}
	for _, d := range x.devices {
		if !s.served(x, d) {
			continue
		}
		x.Error.Unavailable = append(x.Error.Unavailable, rest.Ref{ID: d.ID})
		if x.mute(d) {
			x.Error.Message = notify.DailyLimit(d.Type)
		}
	}
	return nil
}

// choosable finds a device that may be challenged. One that is not the user's is
// INVALID_VALUE of target, one that cools down TOO_MANY_OTP_RETRIES, one that gets no more
// messages today QUOTA_EXCEEDED.
func (s *Authentications) choosable(c *rest.Call, x *session, id, target string) (*device.Record, error) {
	d := x.device(id)
	if d == nil {
		return nil, rest.Invalid(target, "is not an active device of the user")
	}
	if _, locked := x.account.Device(id).Locked(c.Tx.Now()); locked {
		return nil, otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	if x.takesCode(d) && x.mustWait(c, d) && !s.usable(c, x, d) {
		return nil, otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	if _, locked := x.account.Device(id).PushesLocked(c.Tx.Now()); locked && s.served(x, d) && !s.usable(c, x, d) {
		return nil, tooManyPushes()
	}
	if !s.usable(c, x, d) {
		return nil, rest.Invalid(target, "is blocked, or not allowed by the device authentication policy")
	}
	if x.mute(d) {
		return nil, notify.Exceeded(d.Type, s.Notify.Quota.PerUser, c.Tx.Now())
	}
	return d, nil
}

// challenge selects a device and asks it for its proof.
func (s *Authentications) challenge(c *rest.Call, x *session, id, target string) (string, error) {
	d, err := s.choosable(c, x, id, target)
	if err != nil {
		return "", err
	}
	x.Device, x.Once, x.Code, x.Ask = id, nil, nil, nil
	switch k, _ := device.KindOf(d.Type); k.Way {
	case device.Makes:
		return "", x.move(SelectedCode)
	case device.Signs:
		return "", s.ask(c, x, d)
	case device.Asks:
		return "", s.prompt(c, x, d)
	default:
		if err := x.move(SelectedCode); err != nil {
			return "", err
		}
		return s.code(c, x, d, x.account.Device(id))
	}
}

// code makes a code, keeps its hash and sends it.
func (s *Authentications) code(c *rest.Call, x *session, d *device.Record, count *account.Device) (string, error) {
	o := x.policy.Method(d.Type).OTP
	life := o.LifeTime.Value()
	code := otp.New(c.Tx.Random, o.OTPLength)
	x.Code = s.Checker.Keep(code, x.ID, count, c.Tx.Now().Add(life))
	if d.Test {
		return code, nil
	}
	k, _ := device.KindOf(d.Type)
	return code, s.send(c, x, notify.Code{Template: cmp.Or(x.Template, notify.StrongAuthentication), User: x.User, Channel: k.Channel,
		To: d.To(), Group: "da/" + x.ID, OTP: code, LifeTime: life})
}
