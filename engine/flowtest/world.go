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
// A world that can do more says so by further interfaces of one or two methods, such as
// Authenticator.
type World interface {
	// AddUser makes a user as `given.users` describes it; name is the user name.
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
