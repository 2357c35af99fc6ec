package softkey

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Create registers a credential, as navigator.credentials.create would on a page of the
// origin, and returns the attestation.
func (k *Key) Create(origin, options string) (attestation string, err error) {
	var q creation
	if err := read(options, &q); err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.permit(origin, q.RP.ID, q.Selection.Verification); err != nil {
		return "", err
	}
	if err := k.suits(q); err != nil {
		return "", err
	}
	c, err := k.generate(q)
	if err != nil {
		return "", err
	}
	client := clientData("webauthn.create", origin, q.Challenge)
	object, err := k.attest(c, q, client)
	if err != nil {
		return "", err
	}
	k.keep(c)
	extensions := map[string]any{}
	if q.Extensions.Properties {
		extensions["credProps"] = map[string]any{"rk": c.discoverable}
	}
	return k.answer(c.id, map[string]any{
		"clientDataJSON": standard(client), "attestationObject": standard(object), "transports": k.o.Transports,
	}, extensions), nil
}

// suits refuses what this authenticator is not.
func (k *Key) suits(q creation) error {
	for _, c := range k.credentials {
		if c.rpID == q.RP.ID && slices.ContainsFunc(q.Exclude, c.is) {
			return ErrInvalidState
		}
	}
	if a := q.Selection.Attachment; a != "" && a != k.o.Attachment && !k.o.Lax {
		return fmt.Errorf("attached as %s: %w", k.o.Attachment, ErrNotAllowed)
	}
	if q.Selection.ResidentKey == "required" && k.o.Undiscoverable && !k.o.Lax {
		return fmt.Errorf("no discoverable credentials: %w", ErrNotAllowed)
	}
	return nil
}

func (c credential) is(d descriptor) bool { return bytes.Equal(d.ID, c.id) }

// choose finds the algorithm of a new credential.
func (k *Key) choose(q creation) (int64, error) {
	for _, p := range q.Parameters {
		alg := int64(p.Alg)
		if _, ok := algorithms[alg]; ok && (k.o.Algorithm == 0 || k.o.Algorithm == alg) {
			return alg, nil
		}
	}
	if _, ok := algorithms[k.o.Algorithm]; ok && k.o.Lax {
		return k.o.Algorithm, nil
	}
	return 0, ErrNotSupported
}

func (k *Key) generate(q creation) (credential, error) {
	alg, err := k.choose(q)
	if err != nil {
		return credential{}, err
	}
	c := credential{rpID: q.RP.ID, user: q.User.ID, alg: alg, id: make([]byte, 32)}
	c.discoverable = !k.o.Undiscoverable && q.Selection.ResidentKey != "discouraged"
	if _, err := io.ReadFull(k.o.Rand, c.id); err != nil {
		return credential{}, fmt.Errorf("make a credential id: %w", err)
	}
	c.key, err = algorithms[alg].generate(k.o.Rand)
	return c, err
}

// keep stores a credential. A discoverable one replaces the user's former one.
func (k *Key) keep(c credential) {
	if c.discoverable {
		k.credentials = slices.DeleteFunc(k.credentials, func(old credential) bool {
			return old.discoverable && old.rpID == c.rpID && bytes.Equal(old.user, c.user)
		})
	}
	k.credentials = append(k.credentials, c)
}

// attest makes the attestation object.
func (k *Key) attest(c credential, q creation, client []byte) ([]byte, error) {
	key, err := c.public()
	if err != nil {
		return nil, err
	}
	data := k.authData(c, q.Selection.Verification, flagAttested)
	data = append(data, k.o.AAGUID[:]...)
	data = append(data, byte(len(c.id)>>8), byte(len(c.id)))
	data = append(append(data, c.id...), key...)
	format, statement := k.o.Format, map[string]any{}
	if q.Attestation == "none" || q.Attestation == "" {
		format = "none" // as browsers do to all statements
	}
	if format == "packed" {
		if statement, err = k.packed(c, data, client); err != nil {
			return nil, err
		}
	}
	return webauthncbor.Marshal(map[string]any{"fmt": format, "attStmt": statement, "authData": data})
}

// packed is a statement of the manufacturer, or of the credential about itself.
func (k *Key) packed(c credential, data, client []byte) (map[string]any, error) {
	hash := sha256.Sum256(client)
	signed := slices.Concat(data, hash[:])
	if k.o.Attester == nil {
		sig, err := algorithms[c.alg].sign(c.key, k.o.Rand, signed)
		return map[string]any{"alg": c.alg, "sig": sig}, err
	}
	sig, err := algorithms[-7].sign(k.o.Attester.Key, k.o.Rand, signed)
	return map[string]any{"alg": int64(-7), "sig": sig, "x5c": k.o.Attester.Chain}, err
}
