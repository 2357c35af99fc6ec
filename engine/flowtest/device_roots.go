package flowtest

import "context"

// deviceRoot is what the person's devices show: nothing where the world has none.
func (r *running) deviceRoot(ctx context.Context, name string) (any, error) {
	switch name {
	case "passkey":
		return r.passkey, nil
	case "qr":
		return r.asked, nil
	case "mobile":
		if app, ok := r.lab.World.(MobileApp); ok {
			return app.Paired(ctx)
		}
	case "pushes":
		if app, ok := r.lab.World.(PushApp); ok {
			return app.Pushes(ctx)
		}
	case "app":
		if app, ok := r.lab.World.(Authenticator); ok {
			return app.Codes(), nil
		}
	}
	return []any{}, nil
}
