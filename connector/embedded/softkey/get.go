package softkey

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Get signs a challenge, as navigator.credentials.get would on a page of the origin, and
// returns the assertion. Without allowCredentials it takes its latest discoverable
// credential.
func (k *Key) Get(origin, options string) (assertion string, err error) {
	var q request
	if err := read(options, &q); err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.permit(origin, q.RPID, q.Verification); err != nil {
		return "", err
	}
	c := k.find(q)
	if c == nil {
		return "", fmt.Errorf("no credential: %w", ErrNotAllowed)
	}
	if k.o.Counter == Rising {
		c.count++
	}
	client := clientData("webauthn.get", origin, q.Challenge)
	hash := sha256.Sum256(client)
	data := k.authData(*c, q.Verification, 0)
	sig, err := algorithms[c.alg].sign(c.key, k.o.Rand, slices.Concat(data, hash[:]))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	user := ""
	if c.discoverable {
		user = standard(c.user)
	}
	return k.answer(c.id, map[string]any{
		"clientDataJSON": standard(client), "authenticatorData": standard(data), "signature": standard(sig), "userHandle": user,
	}, map[string]any{}), nil
}

// find is the credential to use, latest first.
func (k *Key) find(q request) *credential {
	for i := len(k.credentials) - 1; i >= 0; i-- {
		c := &k.credentials[i]
		wanted := len(q.Allow) == 0 && c.discoverable || slices.ContainsFunc(q.Allow, c.is)
		if c.rpID == q.RPID && wanted {
			return c
		}
	}
	return nil
}

// permit is what a browser asks before it asks the authenticator.
func (k *Key) permit(origin, rpID, verification string) error {
	if k.o.Lax {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil {
		return fmt.Errorf("origin: %w: %w", ErrSecurity, err)
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && host != "localhost", rpID == "" || host != rpID && !strings.HasSuffix(host, "."+rpID):
		return fmt.Errorf("%s may not use the RP id %q: %w", origin, rpID, ErrSecurity)
	case k.o.Absent:
		return fmt.Errorf("nobody is there: %w", ErrNotAllowed)
	case verification == "required" && k.o.Unverified:
		return fmt.Errorf("the user cannot be verified: %w", ErrNotAllowed)
	}
	return nil
}

// Flags of authenticator data.
const (
	flagPresent  = 1 << 0
	flagVerified = 1 << 2
	flagEligible = 1 << 3
	flagBackedUp = 1 << 4
	flagAttested = 1 << 6
)

// authData is the head of authenticator data.
func (k *Key) authData(c credential, verification string, flags byte) []byte {
	for flag, on := range map[byte]bool{
		flagPresent:  !k.o.Absent,
		flagVerified: !k.o.Unverified && verification != "discouraged",
		flagEligible: k.o.BackupEligible,
		flagBackedUp: k.o.BackedUp,
	} {
		if on {
			flags |= flag
		}
	}
	count := c.count
	if k.o.Counter == Stuck {
		count = 1
	}
	sum := sha256.Sum256([]byte(c.rpID))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), count)
}
