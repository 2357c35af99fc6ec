package phone

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// AuthenticationCode is what an app may show of a code before its person approves.
type AuthenticationCode struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	UserApproval string `json:"userApproval"` // REQUIRED, NOT_REQUIRED
	Application  struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"application"`
	ClientContext json.RawMessage `json:"clientContext"`
	Client        struct {
		UserAgent string `json:"userAgent"`
	} `json:"client"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

const codes = "authenticationCodes"

// LookAtCode asks what a code is for, as it was typed or scanned, and claims nothing.
func (p *Phone) LookAtCode(ctx context.Context, scanned string) (AuthenticationCode, error) {
	return p.holdOut(ctx, codes+"/look", scanned)
}

// ClaimCode claims a code: from then on it is this phone's. One that needs no approval has
// signed the user on.
func (p *Phone) ClaimCode(ctx context.Context, scanned string) (AuthenticationCode, error) {
	return p.holdOut(ctx, codes, scanned)
}

func (p *Phone) holdOut(ctx context.Context, path, scanned string) (AuthenticationCode, error) {
	body := map[string]any{"code": scanned}
	if strings.Contains(scanned, "authentication_code=") {
		body = map[string]any{"uri": scanned}
	}
	var c AuthenticationCode
	err := p.Do(ctx, http.MethodPost, path, body, &c)
	return c, err
}

// ApproveCode signs the user on where the code that this phone claimed is shown.
func (p *Phone) ApproveCode(ctx context.Context, id string) error {
	return p.Do(ctx, http.MethodPost, codes+"/"+id, map[string]any{"decision": "APPROVE"}, nil)
}

// DenyCode denies it.
func (p *Phone) DenyCode(ctx context.Context, id string) error {
	return p.Do(ctx, http.MethodPost, codes+"/"+id, map[string]any{"decision": "DENY"}, nil)
}
