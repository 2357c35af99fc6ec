package phone

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Options make a Phone.
type Options struct {
	// Base is the service's base URL, "http://127.0.0.1:8080", and Environment its
	// environment. Both are learned from a scanned URI that names them.
	Base, Environment string

	// Application is the id of the native app that is installed.
	Application string

	// Handler answers in process; else Transport sends over HTTP, by default
	// http.DefaultTransport.
	Handler   http.Handler
	Transport http.RoundTripper

	Rand io.Reader        // nil is crypto/rand
	Now  func() time.Time // nil is time.Now
	Key  KeyKind          // of the next pairing; 0 is P256

	// Properties is what the app tells about the phone, as members of "device".
	Properties map[string]any
}

// KeyKind is a kind of key that an app may sign with.
type KeyKind int

// The kinds of keys.
const (
	P256 KeyKind = iota
	Ed25519
)

// ErrUnpaired is what a phone says that is not paired, or no longer.
var ErrUnpaired = errors.New("the phone is not paired")

// Phone is a phone with one native app. It is safe for concurrent use.
type Phone struct {
	opts Options
	mu   sync.Mutex
	s    state
}

// state is all that outlives the process.
type state struct {
	Base        string           `json:"base"`
	Environment string           `json:"environment"`
	Application string           `json:"application"`
	Device      string           `json:"device,omitempty"`
	User        string           `json:"user,omitempty"`
	Key         *jose.JSONWebKey `json:"key,omitempty"` // private
	Seq         int64            `json:"seq,omitempty"`
	Secret      string           `json:"secret,omitempty"` // of the codes, base32
	Period      int64            `json:"period,omitempty"` // of the codes, in seconds
	Ahead       time.Duration    `json:"ahead,omitempty"`  // of the service's clock
}

// New makes a phone that is not paired.
func New(o Options) (*Phone, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Handler != nil {
		o.Transport = handled{o.Handler}
	}
	if o.Key != P256 && o.Key != Ed25519 {
		return nil, fmt.Errorf("key kind %d is not known", o.Key)
	}
	return &Phone{opts: o, s: state{Base: o.Base, Environment: o.Environment, Application: o.Application}}, nil
}

// Restore makes the phone whose State it was. What state says goes before the options.
func Restore(saved []byte, o Options) (*Phone, error) {
	p, err := New(o)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(saved, &p.s); err != nil {
		return nil, fmt.Errorf("read the state of a phone: %w", err)
	}
	return p, nil
}

// State is the phone as it would be found after a crash: its private key is in it.
func (p *Phone) State() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := json.Marshal(p.s)
	if err != nil {
		return nil, fmt.Errorf("write the state of a phone: %w", err)
	}
	return b, nil
}

// Device is the id of the paired device; "" without one.
func (p *Phone) Device() string { return p.state().Device }

// User is the id of the user who has paired the phone.
func (p *Phone) User() string { return p.state().User }

// Application is the id of the native app.
func (p *Phone) Application() string { return p.state().Application }

func (p *Phone) state() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s
}

// now is the service's time, as far as the phone knows it.
func (p *Phone) now(s state) time.Time { return p.opts.Now().Add(s.Ahead) }
