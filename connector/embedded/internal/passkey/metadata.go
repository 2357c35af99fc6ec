package passkey

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
)

// Metadata is what the FIDO metadata say of an authenticator model.
type Metadata struct {
	Statement  json.RawMessage     // as it was given
	Roots      []*x509.Certificate // trust anchors of its attestation
	Algorithms []int64             // COSE identifiers that it signs with; none is any
	Certified  bool

	// Revoked says that a status report forbids its use: a key compromise, a bypass of
	// user verification, a revocation.
	Revoked bool

	// Distrusted are attestation certificates that were revoked.
	Distrusted []*x509.Certificate
}

// forbidding are the status reports after which an authenticator is no longer trusted.
var forbidding = []string{
	"USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE", "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE", "REVOKED",
}

// ReadStatement reads a FIDO metadata statement: of which model, and what it says.
func ReadStatement(raw []byte) (aaguid [16]byte, known *Metadata, err error) {
	var st struct {
		AAGUID     string   `json:"aaguid"`
		Roots      []string `json:"attestationRootCertificates"`
		Algorithms []string `json:"authenticationAlgorithms"`
	}
	if err := json.Unmarshal(raw, &st); err != nil {
		return aaguid, nil, fmt.Errorf("read a metadata statement: %w", err)
	}
	if aaguid, err = ParseAAGUID(st.AAGUID); err != nil {
		return aaguid, nil, err
	}
	known = &Metadata{Statement: raw}
	for _, root := range st.Roots {
		cert, err := readCertificate(root)
		if err != nil {
			return aaguid, nil, fmt.Errorf("root certificate of a metadata statement: %w", err)
		}
		known.Roots = append(known.Roots, cert)
	}
	for _, name := range st.Algorithms {
		// One that is not known is 0, which no key has.
		alg, _ := metadata.AuthenticationAlgorithm(name).COSEAlgorithmIdentifier()
		known.Algorithms = append(known.Algorithms, int64(alg))
	}
	return aaguid, known, nil
}

// ParseAAGUID reads the usual spelling of a model's id.
func ParseAAGUID(s string) (id [16]byte, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(id) || len(s) != 36 {
		return id, fmt.Errorf("%q is not an AAGUID", s)
	}
	return [16]byte(b), nil
}

func readCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return cert, nil
}

// report is a status report of the FIDO Alliance.
type report struct {
	Status      string `json:"status"`
	Effective   string `json:"effectiveDate"`
	Certificate string `json:"certificate"`
}

// take applies a report that is in effect. One about a certificate distrusts only that.
func (m *Metadata) take(r report, now time.Time) error {
	if day, err := time.Parse(time.DateOnly, r.Effective); err == nil && day.After(now) {
		return nil
	}
	switch {
	case strings.HasPrefix(r.Status, "FIDO_CERTIFIED"):
		m.Certified = true
	case !slices.Contains(forbidding, r.Status):
	case r.Certificate == "":
		m.Revoked = true
	default:
		cert, err := readCertificate(r.Certificate)
		if err != nil {
			return fmt.Errorf("certificate of a status report: %w", err)
		}
		m.Distrusted = append(m.Distrusted, cert)
	}
	return nil
}
