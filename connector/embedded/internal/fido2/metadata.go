package fido2

import (
	"crypto/x509"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
	"github.com/mfaflow/mfaflow/store"
)

// MaxMetadata is how many models an operator may add: they share one index record.
const MaxMetadata = 500

// model is what is stored of an authenticator model, by its AAGUID.
type model struct {
	Statement  json.RawMessage `json:"s"`
	Custom     bool            `json:"c,omitempty"` // added by the operator
	Certified  bool            `json:"y,omitempty"`
	Revoked    bool            `json:"r,omitempty"`
	Distrusted [][]byte        `json:"d,omitempty"` // DER
	Created    *rest.Time      `json:"t,omitempty"`
}

func modelKey(env, id string) store.Key { return store.K(env, "fido2model", id) }
func customKey(env string) store.Key    { return store.K(env, "fido2models") }
func globalKey(env string) store.Key    { return store.K(env, "fido2mds") }

func modelID(aaguid [16]byte) string { return uuid.UUID(aaguid).String() }

// lookup finds what is known of a model, or nil.
func lookup(tx *store.Tx, env string, aaguid [16]byte) (*passkey.Metadata, error) {
	m, err := shelf.Get[model](tx, modelKey(env, modelID(aaguid)))
	if err != nil || m == nil {
		return nil, err
	}
	_, known, err := passkey.ReadStatement(m.Statement)
	if err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", modelID(aaguid), err)
	}
	known.Certified, known.Revoked = m.Certified, m.Revoked
	for _, der := range m.Distrusted {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("metadata of %s: %w", modelID(aaguid), err)
		}
		known.Distrusted = append(known.Distrusted, cert)
	}
	return known, nil
}

// known refuses a list of authenticators that no metadata are of.
func (p *Policy) known(c *rest.Call) error {
	for i, a := range p.MDS.Allowed {
		id, err := passkey.ParseAAGUID(a.ID)
		if err != nil {
			return err
		}
		m, err := lookup(c.Tx, c.Env, id)
		if err != nil {
			return err
		}
		if m == nil {
			return rest.Invalid(fmt.Sprintf("mdsAuthenticatorsRequirements.allowedAuthenticators[%d].id", i), "is not the id of an authenticator")
		}
	}
	return nil
}
