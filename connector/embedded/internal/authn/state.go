package authn

// Status is the state of a deviceAuthentication, as on the wire.
type Status string

// The states. COMPLETED and FAILED are final.
const (
	DeviceSelectionRequired  Status = "DEVICE_SELECTION_REQUIRED"
	OTPRequired              Status = "OTP_REQUIRED"
	AssertionRequired        Status = "ASSERTION_REQUIRED"
	PushConfirmationRequired Status = "PUSH_CONFIRMATION_REQUIRED"
	PushConfirmationTimedOut Status = "PUSH_CONFIRMATION_TIMED_OUT"
	Completed                Status = "COMPLETED"
	Failed                   Status = "FAILED"
)

// Event is what happens to a deviceAuthentication.
type Event string

// The events. The first three are device.select, by what the device asks for.
const (
	SelectedCode      Event = "device with codes selected"
	SelectedAssertion Event = "passkey selected"
	SelectedPush      Event = "app selected"
	CodeRight         Event = "right code"
	CodeWrong         Event = "wrong code"
	DeviceLocked      Event = "device locked, another is usable"
	NoDevice          Event = "no device is usable"
	UsedUp            Event = "no try left for a one-time device"
	AssertionRight    Event = "right assertion"
	PushApproved      Event = "push approved"
	PushDenied        Event = "push denied"
	PushTimedOut      Event = "push timed out"
	ChangeDevice      Event = "canceled to change the device"
	Canceled          Event = "canceled"
)

// machine is the whole state machine: an event that a state does not have is refused
// with INVALID_REQUEST. A final state has none.
var machine = map[Status]map[Event]Status{
	DeviceSelectionRequired: open(nil),
	OTPRequired:             open(codes()),
	AssertionRequired:       open(map[Event]Status{AssertionRight: Completed, DeviceLocked: DeviceSelectionRequired}),
	PushConfirmationRequired: open(merge(codes(), map[Event]Status{
		PushApproved: Completed, PushDenied: Failed, PushTimedOut: PushConfirmationTimedOut})),
	PushConfirmationTimedOut: open(codes()),
	Completed:                {},
	Failed:                   {},
}

// open adds what every open state has.
func open(own map[Event]Status) map[Event]Status {
	return merge(map[Event]Status{
		SelectedCode: OTPRequired, SelectedAssertion: AssertionRequired, SelectedPush: PushConfirmationRequired,
		ChangeDevice: DeviceSelectionRequired, Canceled: Failed, NoDevice: Failed,
	}, own)
}

// codes are the events of a state in which a code may be checked. A wrong one leaves
// the state as it is, which the empty Status says.
func codes() map[Event]Status {
	return map[Event]Status{CodeRight: Completed, CodeWrong: "", DeviceLocked: DeviceSelectionRequired, UsedUp: Failed}
}

func merge(a, b map[Event]Status) map[Event]Status {
	for e, s := range b {
		a[e] = s
	}
	return a
}

// next gives the state after an event, and whether the state has that event.
func next(s Status, e Event) (Status, bool) {
	to, ok := machine[s][e]
	if ok && to == "" {
		to = s
	}
	return to, ok
}

// links are the actions that a state offers.
func (s Status) links() []string {
	var out []string
	for _, l := range []struct {
		name string
		on   Event
	}{{"device.select", SelectedCode}, {"otp.check", CodeRight}, {"assertion.check", AssertionRight}} {
		if _, ok := next(s, l.on); ok {
			out = append(out, l.name)
		}
	}
	return out
}
