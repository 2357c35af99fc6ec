package risk

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// event is what is evaluated: the members of PingOne's that are known here. Others are
// dropped, the payload of the Signals SDK among them.
type event struct {
	IP               string    `json:"ip"`
	User             user      `json:"user"`
	Flow             *flow     `json:"flow,omitempty"`
	Session          *rest.Ref `json:"session,omitempty"`
	TargetResource   *target   `json:"targetResource,omitempty"`
	Browser          *agent    `json:"browser,omitempty"`
	UserAgent        string    `json:"userAgent,omitempty"`
	Origin           string    `json:"origin,omitempty"`
	SharingType      string    `json:"sharingType,omitempty"`
	CompletionStatus string    `json:"completionStatus,omitempty"`
}

type user struct {
	ID     string  `json:"id"`
	Type   string  `json:"type"`
	Name   string  `json:"name,omitempty"`
	Groups []group `json:"groups,omitempty"`
}

type group struct {
	Name string `json:"name"`
}

type flow struct {
	Type    string `json:"type,omitempty"`
	Subtype string `json:"subtype,omitempty"`
}

type target struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// agent is the browser. Its cookie is a secret: it is compared, never kept or shown.
type agent struct {
	UserAgent string `json:"userAgent,omitempty"`
	Cookie    string `json:"cookie,omitempty"`
}

// The types of users: of this environment's directory, or of somebody else's.
const (
	PingOne  = "PING_ONE"
	External = "EXTERNAL"
)

// The states of an evaluation.
const (
	inProgress = "IN_PROGRESS"
	success    = "SUCCESS"
	failed     = "FAILED"
)

// The limits of an event. The longest text is PingOne's.
const (
	maxText   = 1024
	maxGroups = 50
)

// validate checks an event and fills in what is absent.
func (e *event) validate() (netip.Addr, error) {
	var none netip.Addr
	if e.IP == "" {
		return none, rest.Required("event.ip")
	}
	ip, err := netip.ParseAddr(e.IP)
	if err != nil {
		return none, rest.Invalid("event.ip", "is not an IP address")
	}
	if e.User.ID == "" {
		return none, rest.Required("event.user.id")
	}
	if e.User.Type == "" {
		return none, rest.Required("event.user.type")
	}
	if e.CompletionStatus == "" {
		e.CompletionStatus = inProgress
	}
	if err := e.words(); err != nil {
		return none, err
	}
	return ip.Unmap().WithZone(""), e.sizes()
}

// words checks the members that have a list of values.
func (e *event) words() error {
	for _, w := range []struct {
		target, value string
		allowed       []string
	}{
		{"event.user.type", e.User.Type, []string{PingOne, External}},
		{"event.flow.type", e.flow(), []string{"", "AUTHENTICATION", "REGISTRATION", "ACCESS", "AUTHORIZATION", "TRANSACTION"}},
		{"event.completionStatus", e.CompletionStatus, []string{inProgress, success, failed}},
		{"event.sharingType", e.SharingType, []string{"", "UNSPECIFIED", "SHARED", "PRIVATE"}},
	} {
		if !slices.Contains(w.allowed, w.value) {
			allowed := slices.DeleteFunc(w.allowed, func(s string) bool { return s == "" })
			return rest.Invalid(w.target, "must be one of "+strings.Join(allowed, ", ")).With("allowedValues", allowed)
		}
	}
	return nil
}

func (e *event) sizes() error {
	texts := map[string]string{"event.user.id": e.User.ID, "event.user.name": e.User.Name, "event.userAgent": e.UserAgent, "event.origin": e.Origin}
	for _, g := range e.User.Groups {
		texts["event.user.groups.name"] = longer(texts["event.user.groups.name"], g.Name)
	}
	if e.Flow != nil {
		texts["event.flow.subtype"] = e.Flow.Subtype
	}
	if e.Session != nil {
		texts["event.session.id"] = e.Session.ID
	}
	if t := e.TargetResource; t != nil {
		texts["event.targetResource"] = longer(t.ID, t.Name)
	}
	if b := e.Browser; b != nil {
		texts["event.browser"] = longer(b.UserAgent, b.Cookie)
	}
	for at, text := range texts {
		if err := rest.AtMost(at, text, maxText); err != nil {
			return err
		}
	}
	if len(e.User.Groups) > maxGroups {
		return rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, "event.user.groups", "must have at most 50 members")
	}
	return nil
}

func longer(a, b string) string {
	if len(a) > len(b) {
		return a
	}
	return b
}

func (e *event) flow() string {
	if e.Flow == nil {
		return ""
	}
	return e.Flow.Type
}

// agent is the browser's User-Agent, wherever the event has it.
func (e *event) agent() string {
	if e.Browser != nil && e.Browser.UserAgent != "" {
		return e.Browser.UserAgent
	}
	return e.UserAgent
}

// takeCookie takes the device cookie out of the event.
func (e *event) takeCookie() (cookie string) {
	if e.Browser != nil {
		cookie, e.Browser.Cookie = e.Browser.Cookie, ""
	}
	return cookie
}
