package passkey

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/metadata"

	"github.com/mfaflow/mfaflow/connector/wire"
)

// ErrBlob marks FIDO metadata that are not to be believed.
var ErrBlob = errors.New("passkey: bad metadata blob")

// ReadBlob reads the FIDO Alliance's metadata, a signed document of all authenticator
// models (MDS 3). Its certificates must lead to one of the roots, or to the Alliance's if
// none are given, none may be on a revocation list, and its next update must not be past.
func ReadBlob(blob string, roots []*x509.Certificate, revoked []*x509.RevocationList, now time.Time) (map[[16]byte]*Metadata, error) {
	parts := strings.Split(strings.TrimSpace(blob), ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("not a compact JWS: %w", ErrBlob)
	}
	var header struct {
		Alg   string   `json:"alg"`
		Chain []string `json:"x5c"`
	}
	if err := part(parts[0], &header); err != nil {
		return nil, err
	}
	chain, err := readChain(header.Chain)
	if err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		if roots, err = readChain([]string{metadata.ProductionMDSRoot}); err != nil {
			return nil, err
		}
	}
	if err := believe(chain, roots, revoked, now); err != nil {
		return nil, err
	}
	if err := verifyJWS(chain[0], header.Alg, parts[0]+"."+parts[1], parts[2]); err != nil {
		return nil, err
	}
	var body payload
	if err := part(parts[1], &body); err != nil {
		return nil, err
	}
	return body.models(now)
}

// part decodes one JSON part of a JWS.
func part(text string, to any) error {
	b, err := wire.DecodeBase64URL(text)
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBlob, err)
	}
	return nil
}

func readChain(texts []string) ([]*x509.Certificate, error) {
	if len(texts) == 0 || len(texts) > maxCertificates {
		return nil, fmt.Errorf("%d certificates: %w", len(texts), ErrBlob)
	}
	chain := make([]*x509.Certificate, len(texts))
	for i, text := range texts {
		var err error
		if chain[i], err = readCertificate(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBlob, err)
		}
	}
	return chain, nil
}

// believe verifies the chain of the signer and looks for it on the revocation lists.
func believe(chain, roots []*x509.Certificate, revoked []*x509.RevocationList, now time.Time) error {
	anchors, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range roots {
		anchors.AddCert(c)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots: anchors, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("certificates of the signer: %w: %w", ErrBlob, err)
	}
	for i, c := range paths[0][:len(paths[0])-1] {
		if isRevoked(c, paths[0][i+1], revoked) {
			return fmt.Errorf("certificate %d of the signer is revoked: %w", i, ErrBlob)
		}
	}
	return nil
}

// isRevoked looks a certificate up in the lists that its issuer signed.
func isRevoked(c, issuer *x509.Certificate, lists []*x509.RevocationList) bool {
	for _, list := range lists {
		if list.CheckSignatureFrom(issuer) != nil {
			continue
		}
		for _, e := range list.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return true
			}
		}
	}
	return false
}

// verifyJWS verifies RS256 and ES256, the algorithms that the metadata are signed with.
func verifyJWS(signer *x509.Certificate, alg, signed, signature string) error {
	sig, err := wire.DecodeBase64URL(signature)
	if err != nil {
		return fmt.Errorf("signature: %w: %w", ErrBlob, err)
	}
	kind := x509.SHA256WithRSA
	if _, ok := signer.PublicKey.(*ecdsa.PublicKey); ok {
		kind = x509.ECDSAWithSHA256
		half := len(sig) / 2
		if sig, err = asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])}); err != nil {
			return fmt.Errorf("signature: %w: %w", ErrBlob, err)
		}
	}
	if want := map[x509.SignatureAlgorithm]string{x509.SHA256WithRSA: "RS256", x509.ECDSAWithSHA256: "ES256"}[kind]; alg != want {
		return fmt.Errorf("signed with %q: %w", alg, ErrBlob)
	}
	if err := signer.CheckSignature(kind, []byte(signed), sig); err != nil {
		return fmt.Errorf("signature: %w: %w", ErrBlob, err)
	}
	return nil
}

// payload is what the document says.
type payload struct {
	NextUpdate string `json:"nextUpdate"`
	Entries    []struct {
		AAGUID    string          `json:"aaguid"`
		Statement json.RawMessage `json:"metadataStatement"`
		Reports   []report        `json:"statusReports"`
	} `json:"entries"`
}

// models indexes the entries of FIDO2 authenticators; those of U2F and UAF have no AAGUID.
// One that cannot be read is left out, so it is not known: some certificates in the wild
// are not what crypto/x509 accepts.
func (p payload) models(now time.Time) (map[[16]byte]*Metadata, error) {
	until, err := time.Parse(time.DateOnly, p.NextUpdate)
	if err != nil || now.After(until.AddDate(0, 0, 1)) {
		return nil, fmt.Errorf("next update %q is past: %w", p.NextUpdate, ErrBlob)
	}
	out := map[[16]byte]*Metadata{}
	for _, e := range p.Entries {
		aaguid, known, err := ReadStatement(e.Statement)
		for _, r := range e.Reports {
			if err == nil {
				err = known.take(r, now)
			}
		}
		if id, bad := ParseAAGUID(e.AAGUID); err == nil && bad == nil && id == aaguid {
			out[aaguid] = known
		}
	}
	return out, nil
}
