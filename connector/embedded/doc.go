// Package embedded is PingOne's MFA API in process: a real implementation of its REST
// resources over a store, behind the same seam as a tenant.
//
//	capability ─► Service.Do(ctx, pingone.Request) ─┐
//	any PingOne SDK ─► Service.ServeHTTP ───────────┴─► one route table ─► one unit of work
//
// Served are users, passwords, devices, pairing keys, native apps, device authentication
// policies, FIDO2 policies, MFA settings, deviceAuthentications, authenticationCodes, risk
// evaluations and activities, for the device types of internal/device. Messages leave
// through store/outbox, events through store/audit, both in the commit of what they tell of.
//
//	internal/rest         route table, calls, error envelope, links
//	internal/account      the hot record: counters, locks, order of devices
//	internal/directory    users and passwords
//	internal/decoy        ids of users and devices that are none
//	internal/device       devices and their activation
//	internal/authn        deviceAuthentications: the state machine, pushes
//	internal/authcode     authenticationCodes: sign-on by QR code
//	internal/browser      remembered browsers
//	internal/risk         risk evaluations
//	internal/policy       policies and settings
//	internal/fido2        FIDO2 policies, models of authenticators
//	internal/shelf        how policies of both kinds are kept
//	internal/passkey      WebAuthn: options written, responses judged
//	internal/application  native apps and push credentials
//	internal/pairing      pairing keys
//	internal/app          the side of native apps: signed calls (docs/app-protocol.md)
//	internal/otp          codes: made, kept as keyed hashes, checked
//	internal/guess        wrong codes of a user and target
//	internal/totp         codes of authenticator apps
//	internal/password     hashes of passwords, and what they must be
//	internal/notify       messages and their daily limits
//	internal/activity     the audit, as PingOne shows it
//	internal/address      e-mail addresses and telephone numbers
//	internal/mask         what is shown of them
//	internal/scim         filters of lists
//	internal/span         how long something takes, in PingOne's words
//	internal/cursor       where a list goes on
//
// Beside it, for tests and demonstrations: softkey is an authenticator, phone a native app,
// sim the whole world around a flow test.
//
// A Service serves one environment. Its routes for another are 404.
package embedded
