package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/password"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Options make a Service.
type Options struct {
	// Environment is the id that every key and every path begins with: 36 characters
	// of 0-9, a-f and "-". Required.
	Environment string

	// BaseURL is what hrefs begin with, "http://127.0.0.1:8080". The API host is
	// BaseURL/v1/environments/{Environment}, the auth host BaseURL/{Environment}.
	BaseURL string

	// Origins are further origins of which passkeys may answer, "https://login.example.com":
	// scheme, host and port, exactly. See originsOf for those that always may.
	Origins []string

	// TopOrigins are origins whose pages may show in a frame a page on which a passkey
	// answers, written like Origins. Without any, passkeys answer in no page of another
	// origin.
	TopOrigins []string

	// Channels names those that have a sender: EMAIL, SMS, VOICE, WHATSAPP, PUSH. Any
	// other counts as disabled: its devices cannot be paired and are not usable. Native
	// apps are, by their codes, where PUSH is missing.
	Channels []string

	// TestDevices permits devices with testMode, whose codes are not sent but answered
	// to the worker that asked for them. Where it is off, as by default, they cannot be
	// made, and those made before are not usable.
	TestDevices bool

	// Policy is the device authentication policy, in PingOne's JSON, that becomes the
	// default when the environment has none; nil takes PingOne's numbers.
	Policy json.RawMessage

	// FIDOMetadata are the FIDO Alliance's words on authenticators; nil has none, so that
	// policies allow only those that the operator added.
	FIDOMetadata *FIDOMetadata

	// Authorize says whether a bearer token may use ServeHTTP; nil refuses all but
	// tokens of Workers.
	Authorize func(token string) bool

	// Workers are clients that may ask as/token for a token: id → secret.
	Workers map[string]string

	// Limits bound what one user may cause; nil takes DefaultLimits.
	Limits *Limits

	// Passwords is the password policy; the zero value asks for 8 to 255 characters, 5
	// different ones, none 3 times in a row, nothing common or of the user's profile,
	// and locks for 15 minutes after 8 wrong ones.
	Passwords PasswordPolicy

	// OnLogs is given the logs of a native app that were asked for, when they have come;
	// nil drops them.
	OnLogs func(user, device, text string)

	// HashCost is argon2id's cost for new passwords; the zero value is 19 MiB and two
	// passes. HashParallel is how many are computed at once; 0 is the number of CPUs.
	HashCost     HashCost
	HashParallel int

	// OnCompare is called for each comparison of a code, OnHash for each hash of a
	// password: what attackers can make happen, counted by tests. They may be nil.
	OnCompare, OnHash func()
}

// HashCost is the cost of an argon2id hash.
type HashCost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// PasswordPolicy is what new passwords must be and when wrong ones lock.
type PasswordPolicy struct {
	MinLength     int            // characters; 0 is 8
	MaxLength     int            // characters; 0 is 255
	MinCharacters map[string]int // character set → how many of it at least
	MinUnique     int            // different characters; 0 is 5, less is off
	MaxRepeated   int            // times that a character may stand in a row; 0 is 2, less is off
	FailureCount  int            // wrong passwords until the lock; 0 is 8
	LockDuration  time.Duration  // 0 is 15 minutes
}

func (p PasswordPolicy) complete() password.Policy {
	out := password.DefaultPolicy()
	out.MinCharacters = p.MinCharacters
	for _, n := range []struct {
		to *int
		v  int
	}{{&out.MinLength, p.MinLength}, {&out.MaxLength, p.MaxLength}, {&out.FailureCount, p.FailureCount}} {
		if n.v > 0 {
			*n.to = n.v
		}
	}
	if p.MinUnique != 0 {
		out.MinUnique = max(p.MinUnique, 0)
	}
	if p.MaxRepeated != 0 {
		out.MaxRepeated = max(p.MaxRepeated, 0)
	}
	if p.LockDuration > 0 {
		out.LockDuration = p.LockDuration
	}
	return out
}

// Limits are bounds beyond PingOne's policies. Zero is off.
type Limits struct {
	// FailuresInRow wrong codes, cool-downs included, block a device until an
	// administrator unblocks it. Off in DefaultLimits: strangers must not lock anybody out
	// for good.
	FailuresInRow int

	// GuessesInRow wrong codes of a user and target, over all authentications, make the
	// target wait for GuessWait, each as many more for twice as long, up to
	// LongestGuessWait: what bounds who guesses without locking out who is guessed at.
	GuessesInRow                int
	GuessWait, LongestGuessWait time.Duration

	// Resends is how often a code may be sent anew to one device within one
	// deviceAuthentication or pairing.
	Resends int

	// CodeFailures wrong ones kill a code that verifies an account or an e-mail address
	// or recovers a password; the last locks the password out for the latter.
	CodeFailures int

	// MessagesPerUser is how many codes a user is sent a day (UTC) on one channel;
	// PingOne's number is 50. A browser that is remembered of the user has as many of its
	// own. MessagesPerTarget is how many one address or number is
	// sent on one channel, whoever asks. Devices whose channel is used up are not
	// usable. Both are off in DefaultLimits: they cost a record a message each.
	MessagesPerUser, MessagesPerTarget int

	// The Unproven limits bound messages to targets that are not proven to be their user's:
	// the user has answered no code that was sent there, and it is no e-mail address that
	// is verified. Strangers can make a service send these to others, or to numbers that
	// earn them money. All channels count together, and all spellings of a target. A target
	// that is proven is bounded by the other limits alone, so that nobody can use up what a
	// user signs on with, but for MessagesPerUser.
	//
	// UnprovenPerHour and UnprovenPerDay are how many one target is sent, whoever asks: a
	// person who enrols needs one or two.
	UnprovenPerHour, UnprovenPerDay int

	// UnprovenPerExecution is how many one execution of a flow causes, whatever its methods:
	// a first code and three resends, and one method more.
	UnprovenPerExecution int

	// UnprovenPerAddress is how many one client address (an IPv4 address, a /64 of IPv6)
	// causes in an hour: an office enrols behind one. UnprovenPerEnvironment is how many all
	// cause in an hour, give or take a few hundredths: a loss that can be borne. Calls of
	// API clients come from no execution and no address; they count in the others.
	UnprovenPerAddress, UnprovenPerEnvironment int

	// PendingDevices is how many devices of a user may wait for their activation, and
	// PendingLife how long.
	PendingDevices int
	PendingLife    time.Duration

	// Browsers is how many browsers of a user are remembered; one more, and the oldest is
	// forgotten.
	Browsers int

	// PairingGuesses is how many wrong pairing codes an environment hears in a minute,
	// and PairingGuessesPerKey how many of them signed with one key. Then right codes
	// are refused too until the minute is over: a stranger can keep others from pairing,
	// but a code of 12 digits is not found by trying. Codes of 16 characters (the MFA
	// settings' ALPHANUMERIC) are heard all the same.
	PairingGuesses, PairingGuessesPerKey int

	// CodeGuesses is how many wrong authentication codes (QR codes) an app may show in ten
	// minutes. Then right ones are refused too until they are over.
	CodeGuesses int

	// Hashes is how many computations of a password's hash may wait for their turn, which
	// takes some 25 ms of a core, and HashesPerLane how many of one lane (store.WithLane):
	// of one client's address. One more is REQUEST_LIMITED, 429.
	Hashes, HashesPerLane int

	// WrongSecrets is how many wrong secrets of one worker client as/token hears in a minute,
	// whatever addresses they come from. Over it only addresses are heard that have shown
	// the right one within a day: a stranger can keep a worker's new address waiting while
	// the guessing goes on, but not a worker out.
	WrongSecrets int

	// AuthenticationLife is how long a deviceAuthentication can be used and read; its
	// codes live as long as the policy says. Zero is never.
	AuthenticationLife time.Duration

	// RiskLife is how long a risk evaluation can be read and completed. Zero is for ever.
	RiskLife time.Duration

	// ScanUsers is how many users one filter without an exact id, user name or
	// e-mail address looks at.
	ScanUsers int

	// ScanActivities is how many audit records one page of activities looks at.
	ScanActivities int
}

// DefaultLimits: 15 minutes to a day of waiting after 10 wrong codes in a row, 3 resends, 5 wrong ones a mailed code,
// messages to unproven targets 5 an hour and 10 a day a target, 6 an execution, 60 an hour an address and
// 2,000 an hour an environment, 50 pending
// devices for 24 hours, 10 remembered browsers a user, 100 wrong pairing codes a minute, 10
// of them of one key, 10 wrong authentication codes of an app, authentications of 2 hours,
// risk evaluations of 24, 50,000 users a filter, 50,000 audit records a page, 128 hashes of
// one lane and 512 in all that wait, 600 wrong secrets of a worker a minute.
func DefaultLimits() Limits {
	return Limits{
		GuessesInRow: 10, GuessWait: 15 * time.Minute, LongestGuessWait: 24 * time.Hour,
		Resends: 3, CodeFailures: 5, PendingDevices: 50, Browsers: 10, PendingLife: 24 * time.Hour,
		PairingGuesses: 100, PairingGuessesPerKey: 10, CodeGuesses: 10, AuthenticationLife: 2 * time.Hour, RiskLife: 24 * time.Hour,
		UnprovenPerHour: 5, UnprovenPerDay: 10, UnprovenPerExecution: 6, UnprovenPerAddress: 60, UnprovenPerEnvironment: 2000,
		ScanUsers: 50_000, ScanActivities: 50_000, Hashes: 512, HashesPerLane: 128, WrongSecrets: 600,
	}
}

func (l Limits) unprovenLimits() notify.Unproven {
	return notify.Unproven{Hour: l.UnprovenPerHour, Day: l.UnprovenPerDay, Execution: l.UnprovenPerExecution,
		Address: l.UnprovenPerAddress, Environment: l.UnprovenPerEnvironment}
}

// ErrOptions marks Options that make no Service.
var ErrOptions = errors.New("embedded: bad options")

func (o *Options) complete() error {
	if !rest.IsID(o.Environment) {
		return fmt.Errorf("environment id %q is not 36 characters of 0-9, a-f and \"-\": %w", o.Environment, ErrOptions)
	}
	if o.Limits == nil {
		l := DefaultLimits()
		o.Limits = &l
	}
	if o.HashParallel == 0 {
		o.HashParallel = runtime.GOMAXPROCS(0)
	}
	return nil
}
