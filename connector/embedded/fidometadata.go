package embedded

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/store"
)

// FIDOMetadata are the FIDO Alliance's metadata of authenticator models (MDS 3), by which
// FIDO2 policies choose. New refuses a document that is not signed by the Alliance or
// whose next update is past.
type FIDOMetadata struct {
	BLOB    string                 // as https://mds3.fidoalliance.org gives it
	Roots   []*x509.Certificate    // who signs it; nil is the Alliance's root
	Revoked []*x509.RevocationList // of its signers' certificates
}

// write makes the models of the environment those of the document.
func (m *FIDOMetadata) write(ctx context.Context, db *store.DB, env string) error {
	if m == nil {
		return nil
	}
	models, err := passkey.ReadBlob(m.BLOB, m.Roots, m.Revoked, db.Now())
	if err != nil {
		return fmt.Errorf("FIDO metadata: %w: %w", err, ErrOptions)
	}
	return fido2.Import(ctx, db, env, models)
}
