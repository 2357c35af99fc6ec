package policy

// Default is the policy of a new environment: every method on, PingOne's numbers, and the
// native app that the environment begins with, so that a flow finds one. A browser is
// remembered only where a flow asks for it, so that is on too.
func Default(id, app string) *Policy {
	on := func() *Method { return &Method{Enabled: true} }
	p := &Policy{
		ID: id, Name: "Default MFA Policy", Default: true,
		SMS: on(), Voice: on(), Email: on(), WhatsApp: &Method{},
		Mobile: &Mobile{Enabled: true, Applications: []App{{ID: app}}}, TOTP: on(), FIDO2: &FIDO2{Enabled: true}, OATHToken: on(),
		RememberMe: &RememberMe{Web: &Remember{Enabled: true}},
	}
	p.Complete()
	return p
}

// Complete fills what is absent with PingOne's defaults, so that a policy read back
// shows every number that rules.
func (p *Policy) Complete() {
	if p.NewDeviceNotification == "" {
		p.NewDeviceNotification = "NONE"
	}
	if p.Authentication == nil {
		p.Authentication = &Authentication{}
	}
	if p.Authentication.DeviceSelection == "" {
		p.Authentication.DeviceSelection = DefaultToFirst
	}
	p.RememberMe.complete()
	for _, m := range []*Method{p.SMS, p.Voice, p.Email, p.WhatsApp} {
		completeSent(m)
	}
	for _, m := range []*Method{p.TOTP, p.OATHToken} {
		if m != nil {
			m.OTP = completeFailure(m.OTP, 2)
		}
	}
	if p.TOTP != nil && p.TOTP.PasscodeGracePeriod == 0 {
		p.TOTP.PasscodeGracePeriod = 5
	}
	completeMobile(p.Mobile)
	if f := p.FIDO2; f != nil && f.Failure == nil {
		f.Failure = completeFailure(nil, 2).Failure
	}
}

func completeSent(m *Method) {
	if m == nil {
		return
	}
	m.OTP = completeFailure(m.OTP, 0)
	if m.OTP.LifeTime == nil {
		m.OTP.LifeTime = lasting(30, "MINUTES")
	}
	if m.OTP.OTPLength == 0 {
		m.OTP.OTPLength = 6
	}
}

func completeFailure(o *OTP, minutes int) *OTP {
	if o == nil {
		o = &OTP{}
	}
	if o.Failure == nil {
		o.Failure = &Failure{Count: 3}
	}
	if o.Failure.CoolDown == nil {
		o.Failure.CoolDown = lasting(minutes, "MINUTES")
	}
	return o
}
