package device

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// logs is a request for the logs of an app.
type logs struct {
	Status    string     `json:"status"` // PENDING, RECEIVED
	Level     string     `json:"level,omitempty"`
	ExpiresAt *rest.Time `json:"expiresAt,omitempty"` // while PENDING
}

// The states of a request for logs.
const (
	logsPending  = "PENDING"
	logsReceived = "RECEIVED"
)

// logsLife is how long an app may take to deliver (seed 000).
const logsLife = 24 * time.Hour

// at is the request as it stands at a time; nil for none, or one that has expired.
func (l *logs) at(now time.Time) *logs {
	if l == nil || l.Status == logsPending && !now.Before(l.ExpiresAt.Time) {
		return nil
	}
	return l
}

// Wanted is the request that the app has not answered; nil for none.
func (l *logs) Wanted(now time.Time) *logs {
	if l = l.at(now); l == nil || l.Status != logsPending {
		return nil
	}
	return l
}

// requestLogs answers PUT logs: the app sees the request when it asks for its device.
func (s *Devices) requestLogs(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Status string `json:"status"`
		Level  string `json:"level"`
	}
	b.Level = "INFO"
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Status == "" {
		return rest.Reply{}, rest.Required("status")
	}
	if err := rest.OneOf("status", b.Status, logsPending); err != nil {
		return rest.Reply{}, err
	}
	if err := rest.OneOf("level", b.Level, "INFO", "WARN"); err != nil {
		return rest.Reply{}, err
	}
	a, r, _, err := s.device(c, s.latched)
	if err != nil {
		return rest.Reply{}, err
	}
	if r.Mobile == nil {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "A device of this type has no logs")
	}
	r.Mobile.Logs = &logs{Status: logsPending, Level: b.Level, ExpiresAt: rest.At(c.Tx.Now().Add(logsLife))}
	if err := Update(c, a.ID, r); err != nil {
		return rest.Reply{}, err
	}
	self := c.Links.API("users", a.ID, "devices", r.ID)
	return rest.OK(map[string]any{
		"_links":    rest.LinkSet{"self": c.Links.API("users", a.ID, "devices", r.ID, "logs"), "device": self},
		"status":    logsPending,
		"expiresAt": r.Mobile.Logs.ExpiresAt,
	})
}

// ReceivedLogs saves that the logs of a device, which were wanted, have come.
func ReceivedLogs(c *rest.Call, user string, r *Record) error {
	r.Mobile.Logs = &logs{Status: logsReceived, Level: r.Mobile.Logs.Level}
	if err := r.save(c, user); err != nil {
		return err
	}
	return audited(c, "DEVICE.LOGS_RECEIVED", user, r.ID, rest.Success)
}
