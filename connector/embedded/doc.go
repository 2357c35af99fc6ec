// Package embedded is PingOne's MFA API in process: a real implementation of its REST
// resources over a store, behind the same seam as a tenant.
//
//	capability ─► Service.Do(ctx, pingone.Request) ─┐
//	any PingOne SDK ─► Service.ServeHTTP ───────────┴─► one route table ─► one unit of work
//
// Served are users, passwords, devices, pairing keys, native apps, device authentication
// policies, MFA settings, deviceAuthentications, authenticationCodes and activities, for the
// device types of internal/device. Messages leave through store/outbox, events through
// store/audit, both in the commit of what they tell of.
//
//	internal/rest       route table, calls, error envelope, links
//	internal/account    the hot record: counters, locks, order of devices
//	internal/directory  users and passwords
//	internal/device     devices and their activation
//	internal/authn      deviceAuthentications: the state machine, pushes
//	internal/authcode   authenticationCodes: sign-on by QR code
//	internal/browser    remembered browsers
//	internal/risk       risk evaluations
//	internal/policy     policies and settings
//	internal/application  native apps and push credentials
//	internal/pairing    pairing keys
//	internal/app        the side of native apps: signed calls (docs/app-protocol.md)
//	internal/otp        codes: made, kept as keyed hashes, checked
//	internal/totp       codes of authenticator apps
//	internal/notify     messages and their daily limits
//	internal/activity   the audit, as PingOne shows it
//	internal/cursor     where a list goes on
//
// A Service serves one environment. Its routes for another are 404.
package embedded
