package authn

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Resource is a deviceAuthentication on the wire.
type Resource struct {
	Links          rest.LinkSet `json:"_links"`
	Embedded       embedded     `json:"_embedded"`
	ID             string       `json:"id"`
	Environment    rest.Ref     `json:"environment"`
	Status         Status       `json:"status"`
	Policy         rest.Ref     `json:"policy"`
	SelectedDevice *chosen      `json:"selectedDevice,omitempty"`
	User           *rest.Ref    `json:"user,omitempty"`
	RequestOptions string       `json:"publicKeyCredentialRequestOptions,omitempty"`
	Aggregate      bool         `json:"aggregateFido2Devices,omitempty"`
	Authenticators []string     `json:"authenticators,omitempty"`
	Error          *failure     `json:"error,omitempty"`
	Test           *device.Test `json:"test,omitempty"`
	Application    *rest.Ref    `json:"application,omitempty"`
	Discreet       bool         `json:"discreet,omitempty"` // ours
	NumberMatching *number      `json:"numberMatching,omitempty"`
	CreatedAt      *rest.Time   `json:"createdAt"`
	UpdatedAt      *rest.Time   `json:"updatedAt"`
}

// chosen is the selected device: one of the user's, or a one-time device, masked.
type chosen struct {
	ID      string   `json:"id,omitempty"`
	OneTime *offered `json:"oneTime,omitempty"`
}

type embedded struct {
	Devices []offered `json:"devices"`
}

// offered is a device that the user may choose, its address masked. A one-time device
// has neither id nor status.
type offered struct {
	ID       string `json:"id,omitempty"`
	Type     string `json:"type"`
	Status   string `json:"status,omitempty"`
	Nickname string `json:"nickname,omitempty"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	*phone
}

func (s *Authentications) show(c *rest.Call, x *session) Resource {
	self := c.Links.Auth("deviceAuthentications", x.ID)
	out := Resource{
		Links: rest.LinkSet{"self": self}, Embedded: embedded{Devices: []offered{}},
		ID: x.ID, Environment: rest.Ref{ID: c.Env}, Status: x.Status, Policy: rest.Ref{ID: x.record.Policy},
		Authenticators: x.AMR, Error: x.Error, Discreet: x.Discreet,
		CreatedAt: rest.At(time.UnixMilli(x.Created)), UpdatedAt: rest.At(time.UnixMilli(x.Modified)),
	}
	for _, name := range x.Status.links() {
		if x.offers(name) {
			out.Links[name] = self
		}
	}
	if x.User != "" {
		out.User = &rest.Ref{ID: x.User}
	}
	if x.Status == AssertionRequired && x.Ask != nil {
		out.RequestOptions, out.Aggregate = x.Ask.Options, x.Ask.Aggregate
	}
	x.showPush(&out)
	if o := x.Once; o != nil {
		once := offer(&device.Record{Type: o.Type, Address: o.Address})
		once.Status = ""
		if x.Discreet {
			once = offered{Type: o.Type}
		}
		out.SelectedDevice, out.Embedded.Devices = &chosen{OneTime: &once}, []offered{once}
		return out
	}
	switch {
	case x.Stand != nil && x.Status == Completed: // by a code to the account's address, and by no device
		out.SelectedDevice = &chosen{OneTime: &offered{Type: x.Stand.Type}}
	case x.Device != "":
		out.SelectedDevice = &chosen{ID: x.Device}
	}
	for _, d := range x.devices {
		if s.usable(c, x, d) && (d.ID == x.Device || !x.mute(d)) {
			o := offered{ID: d.ID, Type: d.Type, Status: device.Active}
			if !x.Discreet {
				o = offer(d)
				o.phone = s.phone(c, x, d)
			}
			out.Embedded.Devices = append(out.Embedded.Devices, o)
		}
	}
	return out
}

func offer(d *device.Record) offered {
	k, _ := device.KindOf(d.Type)
	o := offered{ID: d.ID, Type: d.Type, Status: device.Active, Nickname: d.Nickname}
	switch k.Target {
	case "email":
		o.Email = k.Mask(d.Address)
	case "phone":
		o.Phone = k.Mask(d.Address)
	}
	return o
}
