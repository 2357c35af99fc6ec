// Package phone is a client of the protocol of native apps (docs/app-protocol.md), and
// with it a phone that tests, flow tests and demonstrations hold in their hand.
//
//	p, err := phone.New(phone.Options{Handler: service, Environment: env, Application: app})
//	err = p.Pair(ctx, code)  // or the URI of a QR code
//	code := p.Code()         // what the app shows now
//	list, err := p.Pushes(ctx)             // what waits
//	err = p.Approve(ctx, list[0].ID, 42)   // with the number of the sign-on page
//	seen, err := p.ClaimCode(ctx, scanned) // of a QR code: who asks?
//	err = p.ApproveCode(ctx, seen.ID)
//
// It knows nothing of the service but the protocol: what it computes is a second opinion.
package phone
