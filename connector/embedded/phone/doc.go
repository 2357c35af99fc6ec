// Package phone is a client of the protocol of native apps (docs/app-protocol.md), and
// with it a phone that tests, flow tests and demonstrations hold in their hand.
//
//	p, err := phone.New(phone.Options{Handler: service, Environment: env, Application: app})
//	err = p.Pair(ctx, code)  // or the URI of a QR code
//	code := p.Code()         // what the app shows now
//
// It knows nothing of the service but the protocol: what it computes is a second opinion.
package phone
