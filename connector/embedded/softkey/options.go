package softkey

import (
	"crypto"
	"crypto/rand"
	"errors"
	"io"
	"sync"
)

// What a browser refuses with, named after WebAuthn's DOMExceptions.
var (
	ErrNotAllowed   = errors.New("softkey: NotAllowedError")   // no credential, no consent, or not verified as demanded
	ErrInvalidState = errors.New("softkey: InvalidStateError") // one of excludeCredentials is here
	ErrSecurity     = errors.New("softkey: SecurityError")     // the origin may not use the RP id
	ErrNotSupported = errors.New("softkey: NotSupportedError") // none of the algorithms
	ErrType         = errors.New("softkey: TypeError")         // the options cannot be read
)

// Counter is how the signature counter moves.
type Counter int

// The ways of a counter.
const (
	Rising Counter = iota // one more with each signature
	Zero                  // always 0, as synchronised passkeys have it
	Stuck                 // always 1
)

// Attester signs packed attestations with a key that a manufacturer certified.
type Attester struct {
	Key   crypto.Signer // ECDSA on P-256
	Chain [][]byte      // DER, leaf first
}

// Options are knobs. The zero value is a platform authenticator that verifies its user,
// keeps discoverable credentials, counts, and attests nothing.
type Options struct {
	Rand           io.Reader // nil is crypto/rand
	AAGUID         [16]byte
	Algorithm      int64  // COSE identifier; 0 is the first offered one that the key has
	Attachment     string // "" is platform
	Transports     []string
	Unverified     bool // cannot verify its user
	Absent         bool // nobody touches it
	Undiscoverable bool // keeps no discoverable credentials
	BackupEligible bool
	BackedUp       bool
	Counter        Counter
	Format         string // of attestations: "" is none, or packed
	Attester       *Attester

	// Lax is a browser that no one should have: it asks neither whether the origin may
	// use the RP id nor whether the user was present and verified as demanded.
	Lax bool
}

// Key is an authenticator. It is safe for concurrent use.
type Key struct {
	mu          sync.Mutex
	o           Options
	credentials []credential // oldest first
}

// New makes an authenticator without credentials.
func New(o Options) *Key {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Attachment == "" {
		o.Attachment = "platform"
	}
	if o.Transports == nil {
		o.Transports = []string{"internal"}
	}
	if o.Format == "" {
		o.Format = "none"
	}
	return &Key{o: o}
}

// Clone is a copy with the same credentials and counters, which go their own ways from
// then on.
func (k *Key) Clone() *Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &Key{o: k.o, credentials: append([]credential(nil), k.credentials...)}
}

// Configure changes the knobs of a key that has credentials.
func (k *Key) Configure(change func(o *Options)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.o)
}
