package phone

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Push is a question that waits for the person's answer.
type Push struct {
	ID             string    `json:"id"`
	CreatedAt      time.Time `json:"createdAt"`
	ExpiresAt      time.Time `json:"expiresAt"`
	Template       string    `json:"template"` // "transaction"; "" is a sign-on
	Silent         bool      `json:"silent"`   // for the app alone: it answers by itself
	NumberMatching *struct {
		Type    string `json:"type"`    // SELECT_NUMBER, ENTER_MANUALLY
		Choices []int  `json:"choices"` // one of them is on the sign-on page
	} `json:"numberMatching"`
	ClientContext json.RawMessage `json:"clientContext"`
	Client        struct {
		UserAgent string `json:"userAgent"`
	} `json:"client"`
}

// Pushes asks what waits.
func (p *Phone) Pushes(ctx context.Context) ([]Push, error) {
	var a struct {
		Embedded struct {
			Pushes []Push `json:"pushes"`
		} `json:"_embedded"`
	}
	err := p.Do(ctx, http.MethodGet, "pushes", nil, &a)
	return a.Embedded.Pushes, err
}

// Approve approves a push: with the number of the sign-on page, where it wants one. A
// wrong number denies it, without an error: the sign-on page tells.
func (p *Phone) Approve(ctx context.Context, id string, number ...int) error {
	body := map[string]any{"decision": "APPROVE"}
	if len(number) > 0 {
		body["number"] = number[0]
	}
	return p.Do(ctx, http.MethodPost, "pushes/"+id, body, nil)
}

// Deny denies a push.
func (p *Phone) Deny(ctx context.Context, id string) error {
	return p.Do(ctx, http.MethodPost, "pushes/"+id, map[string]any{"decision": "DENY"}, nil)
}
