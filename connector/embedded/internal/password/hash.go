package password

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/mfaflow/mfaflow/store"
)

// Cost of a hash. The default is OWASP's argon2id minimum: 19 MiB, two passes, one lane.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultCost is 19 MiB and two passes: about 25 ms of one core.
var DefaultCost = Cost{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1}

const (
	saltSize = 16
	hashSize = 32
)

// SaltSize is the number of random bytes that Hash wants.
const SaltSize = saltSize

// Hasher hashes with a bound on how many run at once: each takes MemoryKiB. Who has to wait
// waits in the lane of its context: no client's queue keeps another's out.
type Hasher struct {
	cost Cost
	gate *store.Gate
	hook func()
}

// NewHasher hashes behind a gate. hook is called once for each; may be nil.
func NewHasher(cost Cost, gate *store.Gate, hook func()) *Hasher {
	if cost == (Cost{}) {
		cost = DefaultCost
	}
	if hook == nil {
		hook = func() {}
	}
	return &Hasher{cost: cost, gate: gate, hook: hook}
}

// Hash returns the PHC string of a password. salt has SaltSize random bytes.
func (h *Hasher) Hash(ctx context.Context, password string, salt []byte) (string, error) {
	sum, err := h.sum(ctx, password, salt, h.cost)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// Verify compares a password with a PHC string in constant time. An empty string costs
// the same and is never right: use it for users that do not exist.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	if phc == "" {
		_, err := h.sum(ctx, password, make([]byte, saltSize), h.cost)
		return false, err
	}
	cost, salt, want, err := parse(phc)
	if err != nil {
		return false, err
	}
	got, err := h.sum(ctx, password, salt, cost)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func (h *Hasher) sum(ctx context.Context, password string, salt []byte, c Cost) ([]byte, error) {
	if err := h.gate.Enter(ctx); err != nil {
		return nil, fmt.Errorf("wait for a hash: %w", err)
	}
	defer h.gate.Leave()
	h.hook()
	return argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Lanes, hashSize), nil
}

var errPHC = errors.New("stored password hash is malformed")

// parse reads a PHC string, refusing costs that would be an attack by themselves.
func parse(phc string) (Cost, []byte, []byte, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return Cost{}, nil, nil, errPHC
	}
	var version int
	var c Cost
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return Cost{}, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Passes, &c.Lanes); err != nil {
		return Cost{}, nil, nil, errPHC
	}
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errors.Join(err1, err2) != nil || len(sum) != hashSize || c.MemoryKiB > 1<<20 || c.Passes < 1 || c.Passes > 16 || c.Lanes < 1 {
		return Cost{}, nil, nil, errPHC
	}
	return c, salt, sum, nil
}
