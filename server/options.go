package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// Runner is what the server needs of the engine to run flows. *engine.Runner is one.
// Errors are *engine.Error; any other is answered with 500 and not shown.
type Runner interface {
	Start(ctx context.Context, q engine.StartRequest) (*engine.Execution, error)
	Resume(ctx context.Context, id string, q engine.ResumeRequest) (*engine.Execution, error)
	Get(ctx context.Context, id string, a engine.Access) (*engine.Execution, error)
	Cancel(ctx context.Context, id string, a engine.Access) (*engine.Execution, error)
	Trace(ctx context.Context, id string) (*engine.Trace, error)
}

// Catalog is what the server needs of the engine to keep flows. *engine.Catalog is one.
// Errors are as Runner's. A revision "" means the deployed one.
type Catalog interface {
	Put(ctx context.Context, id string, src []byte, deploy bool) (engine.Uploaded, error)
	Validate(ctx context.Context, id string, src []byte) (engine.Uploaded, error)
	List(ctx context.Context) ([]engine.FlowInfo, error)
	Source(ctx context.Context, id, revision string) (src []byte, rev string, err error)
	Revisions(ctx context.Context, id string) ([]engine.RevisionInfo, error)
	Deploy(ctx context.Context, id, revision string) (engine.Uploaded, error)
	Flow(ctx context.Context, id string) (*flows.Flow, error)
}

// Inbox gives what was sent while there is no real sender, newest first. An empty to
// or channel is any.
type Inbox interface {
	Messages(ctx context.Context, to, channel string) ([]InboxMessage, error)
}

// InboxMessage is one sent message.
type InboxMessage struct {
	ID      string          `json:"id"`
	Channel string          `json:"channel"` // EMAIL, SMS, VOICE, WHATSAPP, PUSH
	To      string          `json:"to"`
	Subject string          `json:"subject,omitempty"`
	Text    string          `json:"text"`
	Code    string          `json:"code,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"` // what an app is told with a push
	At      time.Time       `json:"at"`
}

// Environment is an environment of the embedded PingOne API.
type Environment struct {
	ID   string // a UUID in canonical form
	Name string
}

// Readiness says whether requests can be served.
type Readiness struct {
	Failed []string // why not; empty is ready
	Notes  []string // what an operator should know: "SMS has no sender"
}

// Options are what a Server is made of. Runner, Catalog and ManagementToken are
// required; the zero value of any other is a working choice.
type Options struct {
	Runner  Runner
	Catalog Catalog

	// ManagementToken is the bearer token of the management API.
	ManagementToken string

	// BaseURL is the public base, "https://id.example.com", of links and of the
	// origin that browsers may post from; "" gives relative links. The request's Host
	// is never used for either (security A-72).
	BaseURL string

	// PingOne serves /v1/environments/{id}/… and /{id}/… for each of Environments, with
	// its own authorisation. It sees request paths unchanged.
	PingOne      http.Handler
	Environments []Environment

	// Dev adds GET /dev/inbox, without a token, from Inbox.
	Dev   bool
	Inbox Inbox

	FlowSchema  func() []byte                   // the JSON Schema of flows; nil: not served
	Ready       func(context.Context) Readiness // nil: ready
	StoreFailed <-chan struct{}                 // closed when the store has stopped
	Gauges      func() map[string]float64       // more metrics, by full name; labels, if any, follow in braces

	// TrustedProxies may name the client in X-Forwarded-For. By default none may.
	TrustedProxies []netip.Prefix

	Limits *Limits // nil: DefaultLimits

	Logger *slog.Logger     // nil: discard
	Now    func() time.Time // nil: time.Now
	NewID  func() string    // ids of requests; nil: random
}

// Limits bound what one client may use. 0 switches a limit off. An address is an IPv4
// address, or the /64 of an IPv6 address.
type Limits struct {
	Body             int64 // bytes of a request body; over it 413
	FlowBody         int64 // the same of an uploaded flow, which the management token is needed for
	PingOneBody      int64 // the same of the PingOne API, which bounds most of its bodies lower
	Values           int   // values in a JSON body; over it 413
	Bodies           int64 // bytes of all bodies that are not answered yet; over it 503 for addresses that have their equal part
	BodiesPerAddress int64 // the same of one address; over it 429

	StartsPerMinute           int // executions started from one address
	AnswersPerMinute          int // requests about executions from one address, right or wrong
	ExecutionAnswersPerMinute int // answers and cancels of one execution, whatever address they come from
	PairingsPerMinute         int // tries to pair a phone from one address, which need no token
	TokensPerMinute           int // requests for a worker's token from one address: guesses of its secret
	TrackedAddresses          int // addresses remembered for each, and executions; further ones share what they may do

	Connections           int           // open at once; over it an address that has more loses one, or the new one is closed
	ConnectionsPerAddress int           // of one address that is no trusted proxy; over it new ones are closed
	Header                int           // bytes of the request line and headers; over it 431; 0 leaves net/http's 1 MiB
	ReadHeaderTimeout     time.Duration // a client that dribbles its headers holds no connection longer
	ReadTimeout           time.Duration // the same for the whole request
	WriteTimeout          time.Duration // longer than the 10 s that a request waits for its step
	IdleTimeout           time.Duration
	DrainTimeout          time.Duration // what a graceful stop waits for running requests
}

// DefaultLimits are the limits of a server that says nothing else.
func DefaultLimits() Limits {
	return Limits{
		Body:             64 << 10, // forms, passkeys and inputs are a tenth of it
		FlowBody:         1 << 20,  // a flow's own limit
		PingOneBody:      1 << 20,  // an app's logs
		Values:           5000,     // a decoded value takes some 100 bytes whatever was sent
		Bodies:           16 << 20, // decoded some 300 MB
		BodiesPerAddress: 4 << 20,  // so that four addresses are needed to take them all

		StartsPerMinute:           600,  // each makes a record that lives on
		AnswersPerMinute:          1200, // two a start
		ExecutionAnswersPerMinute: 120,  // a person's, and a poll each second
		PairingsPerMinute:         30,
		TokensPerMinute:           60,
		TrackedAddresses:          1 << 16, // some MB

		Connections:           4096,
		ConnectionsPerAddress: 256, // browsers open six; a whole office may sit behind one address
		Header:                16 << 10,
		ReadHeaderTimeout:     5 * time.Second,
		ReadTimeout:           20 * time.Second,
		WriteTimeout:          30 * time.Second,
		IdleTimeout:           60 * time.Second,
		DrainTimeout:          15 * time.Second,
	}
}

// WithoutAddresses are the same limits without those that count an address, for a server
// on a laptop, where all clients have one.
func (l Limits) WithoutAddresses() Limits {
	l.BodiesPerAddress, l.StartsPerMinute, l.AnswersPerMinute = 0, 0, 0
	l.PairingsPerMinute, l.TokensPerMinute, l.ConnectionsPerAddress = 0, 0, 0
	return l
}

// complete checks o and fills in what was left out.
func (o Options) complete() (Options, error) {
	switch {
	case o.Runner == nil || o.Catalog == nil:
		return o, errors.New("server: Options lack Runner or Catalog")
	case o.ManagementToken == "":
		return o, errors.New("server: Options.ManagementToken is empty")
	case o.Dev && o.Inbox == nil:
		return o, errors.New("server: Options.Dev needs an Inbox")
	}
	if _, err := o.origin(); err != nil {
		return o, err
	}
	for _, e := range o.Environments {
		// Paths are compared with the id as it stands, so it must have one spelling.
		if id, err := uuid.Parse(e.ID); err != nil || id.String() != e.ID {
			return o, fmt.Errorf("server: environment id %q is not a UUID in lower case", e.ID)
		}
	}
	if o.Limits == nil {
		l := DefaultLimits()
		o.Limits = &l
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	return o, nil
}

// origin is scheme and host of BaseURL, nil if there is none.
func (o Options) origin() (*url.URL, error) {
	if o.BaseURL == "" {
		return nil, nil
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("server: BaseURL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("server: BaseURL %q is not http(s)://host[:port][/path]", o.BaseURL)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
