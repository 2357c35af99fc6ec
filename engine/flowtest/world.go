package flowtest

import (
	"context"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/store"
)

// World is what stands around a flow in a test: people with their devices, the places
// where messages arrive, the clock, and the power switch. All values are those of
// encoding/json. Implementations need not be safe for concurrent use.
//
// A world that can do more says so by further small interfaces: Authenticator, Passkeys,
// MobileApp, PushApp, CodeApp. Where a device of the person's refuses something, or is
// refused by the service, the error has a method Code() string that names the reason.
type World interface {
	// AddUser makes a user as `given.users` describes it; name is the user name. A FIDO2
	// device is on the authenticator `key`, a MOBILE device on the phone `phone`; both
	// are called like the user if the device does not say.
	AddUser(ctx context.Context, name string, user map[string]any) error

	// Users are all users by user name, as the back end shows them to an administrator.
	Users(ctx context.Context) (map[string]any, error)

	// Devices are the devices of all users by user name, in the user's order.
	Devices(ctx context.Context) (map[string]any, error)

	// Messages delivers what waits and returns all messages so far, newest first:
	// {id, channel, to, subject, text, code, at}.
	Messages(ctx context.Context) ([]any, error)

	// Now is the virtual time, which only Advance moves.
	Now() time.Time
	Advance(d time.Duration)

	// Crash ends everything without a farewell and starts it again on what was stored.
	Crash(ctx context.Context) error
}

// Authenticator is a World with an authenticator app (TOTP) on the virtual phone.
type Authenticator interface {
	// Scan adds the account of an otpauth:// URI to the app.
	Scan(uri string) error

	// Codes are the accounts with their codes of now, newest first: {label, code}.
	Codes() []any
}

// Passkeys is a World with software FIDO2 authenticators, which outlive crashes, and a
// browser, which refuses what browsers do (SecurityError, InvalidStateError,
// NotAllowedError), unless it is lax: then the service alone judges.
type Passkeys interface {
	// CreatePasskey makes a credential on the authenticator called key, "" being the one
	// at hand, for a page of the origin; options are publicKeyCredentialCreationOptions,
	// verified says that the authenticator knows its user.
	CreatePasskey(key, origin, options string, verified, lax bool) (attestation string, err error)

	// UsePasskey signs a challenge; options are publicKeyCredentialRequestOptions. With
	// "" for the key, the one signs that can and got a credential last.
	UsePasskey(key, origin, options string, verified, lax bool) (assertion string, err error)

	// CopyKey makes a second authenticator out of what the first one holds now.
	CopyKey(key, as string) error
}

// MobileApp is a World with phones on which the company's app is (MOBILE devices).
type MobileApp interface {
	// PairPhone lets the app on a phone claim a pairing key, typed or scanned. "" is the
	// phone that is at hand.
	PairPhone(ctx context.Context, phone, code string) error

	// Paired are the accounts of all apps, newest first: {phone, code}, code being the
	// passcode that the app shows now.
	Paired(ctx context.Context) ([]any, error)
}

// PushApp is a World whose phones get pushes.
type PushApp interface {
	// Pushes are those that wait for an answer, newest first: {phone, id, …} with all
	// that the app shows.
	Pushes(ctx context.Context) ([]any, error)

	// AnswerPush answers the newest that waits, on any phone if phone is "". The
	// decision is "approve" or "deny"; number is the one chosen, "" for none.
	AnswerPush(ctx context.Context, phone, decision, number string) error
}

// CodeApp is a World whose phones read authentication codes (QR sign-on).
type CodeApp interface {
	// ReadCode lets the app look at a code, typed or scanned, or also claim it, and
	// returns what it shows of the request. "" is the phone paired last.
	ReadCode(ctx context.Context, phone, code string, claim bool) (map[string]any, error)

	// AnswerCode answers one, "approve" or "deny", and claims it first if the app did not
	// yet.
	AnswerCode(ctx context.Context, phone, code, decision string) error
}

// Given is what a Lab is made for.
type Given struct {
	Test    string // its name
	Durable bool   // the test crashes: the store must be one that a crash leaves behind
}

// Lab is one World with what the engine needs to run in it. Each test gets its own.
type Lab struct {
	World       World
	Environment string

	// DB and Capabilities are those since the last crash.
	DB           func() *store.DB
	Capabilities func() []connector.Capability

	// SetPolicy changes the MFA policy, which is P0 at first, member by member.
	SetPolicy func(ctx context.Context, changes map[string]any) error

	// Unplug makes every commit fail from now on, until the world crashes: the power went
	// out in the middle of a step.
	Unplug func()

	Close func() error
}
