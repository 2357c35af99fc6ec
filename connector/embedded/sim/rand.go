package sim

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
)

// stream is the randomness of one opening of a world: the same in every run, and another
// after each crash, for a store must not be opened twice with the same salt.
func stream(seed string, opens int) io.Reader {
	return rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", seed, opens)))
}
