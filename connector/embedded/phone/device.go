package phone

import (
	"context"
	"net/http"
	"time"
)

// View is what the app may know of its device.
type View struct {
	Device struct {
		ID          string `json:"id"`
		Nickname    string `json:"nickname"`
		OTPEnabled  bool   `json:"otpEnabled"`
		PushEnabled bool   `json:"pushEnabled"`
		Lock        struct {
			Status string `json:"status"`
		} `json:"lock"`
		Block struct {
			Status string `json:"status"`
		} `json:"block"`
	} `json:"device"`
	Logs *struct {
		Level string `json:"level"`
	} `json:"logs"` // asked for, if not nil
	ServerTime time.Time `json:"serverTime"`
}

// Read asks the service about the device.
func (p *Phone) Read(ctx context.Context) (View, error) {
	var v View
	err := p.Do(ctx, http.MethodGet, "", nil, &v)
	return v, err
}

// Update changes what the service knows about the phone: members of "device".
func (p *Phone) Update(ctx context.Context, properties map[string]any) error {
	return p.Do(ctx, http.MethodPut, "", map[string]any{"device": properties}, nil)
}

// Logs delivers logs that were asked for.
func (p *Phone) Logs(ctx context.Context, text string) error {
	return p.Do(ctx, http.MethodPost, "logs", map[string]any{"text": text}, nil)
}

// Unpair takes the phone from its user's devices. It forgets key and secret, unless the
// service did not hear it.
func (p *Phone) Unpair(ctx context.Context) error {
	if err := p.Do(ctx, http.MethodDelete, "", nil, nil); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Device, p.s.User, p.s.Key, p.s.Secret = "", "", nil, ""
	return nil
}
