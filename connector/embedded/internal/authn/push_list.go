package authn

import (
	"encoding/json"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// waits is a push as the app sees it. The right number is not in it.
type waits struct {
	ID             string          `json:"id"`
	CreatedAt      *rest.Time      `json:"createdAt"`
	ExpiresAt      *rest.Time      `json:"expiresAt"`
	Template       string          `json:"template,omitempty"`
	Silent         bool            `json:"silent,omitempty"`
	NumberMatching *numbers        `json:"numberMatching,omitempty"`
	ClientContext  json.RawMessage `json:"clientContext,omitempty"`
	Client         *client         `json:"client,omitempty"`
}

// numbers says how the number is answered.
type numbers struct {
	Type    string `json:"type"` // SELECT_NUMBER, ENTER_MANUALLY
	Choices []int  `json:"choices,omitempty"`
}

// client is what is known of who asks.
type client struct {
	UserAgent string `json:"userAgent"`
}

// waiting answers GET pushes of an app: what waits for the person's answer.
func (s *Authentications) waiting(c *rest.Call, who app.Caller) (rest.Reply, error) {
	all, err := device.LoadPushes(c, who.User, who.Device)
	if err != nil {
		return rest.Reply{}, err
	}
	out := []waits{}
	for _, o := range all.Open {
		x, err := s.asking(c, who, o.Authentication, o.ID)
		if err != nil {
			return rest.Reply{}, err
		}
		if x == nil || x.overdue(c.Tx.Now()) || s.mayApprove(c, x) != nil {
			continue
		}
		out = append(out, x.waits())
	}
	return rest.OK(map[string]any{"_embedded": map[string]any{"pushes": out}, "count": len(out)})
}

// asking loads the authentication that a push is of, if it still waits for it; nil if not.
func (s *Authentications) asking(c *rest.Call, who app.Caller, id, push string) (*session, error) {
	x, err := s.get(c, id)
	if _, gone := rest.ProblemOf(err); gone {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if p := x.Push; x.User != who.User || p == nil || p.ID != push || p.Device != who.Device || x.Status != PushConfirmationRequired {
		return nil, nil
	}
	return x, nil
}

func (x *session) waits() waits {
	p := x.Push
	w := waits{ID: p.ID, CreatedAt: rest.At(time.UnixMilli(p.Sent)), ExpiresAt: rest.At(time.UnixMilli(p.Until)),
		Template: x.Template, Silent: p.Silent != ""}
	if p.Number != 0 {
		w.NumberMatching = &numbers{Type: application.EnterManually}
		if p.Choices != nil {
			w.NumberMatching = &numbers{Type: application.SelectNumber, Choices: p.Choices}
		}
	}
	if a := x.Asked; a != nil {
		w.ClientContext = a.Context
		if a.UserAgent != "" {
			w.Client = &client{UserAgent: a.UserAgent}
		}
	}
	return w
}
