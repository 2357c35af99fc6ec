package passkey_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// service is a metadata service with one authenticator model.
type service struct {
	model   *model
	root    *authority
	mid     *authority
	signer  *authority
	reports []map[string]any
	next    string
	alg     string // "" is ES256
	aaguid  string // of the entry; "" is the model's
	change  func(blob string) string
	revoked []*x509.RevocationList
	roots   []*x509.Certificate
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{model: newModel(t), root: newCA(t, nil, "MDS root"), next: "2027-01-01"}
	s.mid = newCA(t, s.root, "MDS intermediate")
	s.signer = newAttester(t, s.mid)
	s.roots = []*x509.Certificate{s.root.cert}
	s.reports = []map[string]any{{"status": "FIDO_CERTIFIED", "effectiveDate": "2024-01-01"}}
	return s
}

const modelID = "01020300-0000-0000-0000-000000000000"

// statement is the metadata statement of the model.
func (s *service) statement() map[string]any {
	return map[string]any{
		"aaguid": modelID, "description": "Forge", "authenticationAlgorithms": []string{"secp256r1_ecdsa_sha256_raw"},
		"attestationRootCertificates": []string{std(s.model.root.cert.Raw)},
	}
}

// blob is the signed document.
func (s *service) blob(t *testing.T) string {
	t.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b64url(b)
	}
	signed := encode(map[string]any{"alg": cmp.Or(s.alg, "ES256"), "x5c": []string{std(s.signer.cert.Raw), std(s.mid.cert.Raw)}}) + "." +
		encode(map[string]any{"no": 1, "nextUpdate": s.next, "entries": []any{
			map[string]any{"aaguid": cmp.Or(s.aaguid, modelID), "metadataStatement": s.statement(), "statusReports": s.reports},
		}})
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.signer.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	blob := signed + "." + b64url(append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...))
	if s.change != nil {
		blob = s.change(blob)
	}
	return blob
}

// registers reads the metadata and registers an authenticator of the model by them.
func (s *service) registers(t *testing.T) error {
	t.Helper()
	known, err := passkey.ReadBlob(s.blob(t), s.roots, s.revoked, now)
	if err != nil {
		return err
	}
	m, e := newMint(t), expect()
	s.model.attests(t, m)
	s.model.demand(&e)
	e.Rules.Authenticators.Option = passkey.Certified
	e.Rules.Metadata = func(aaguid [16]byte) (*passkey.Metadata, error) { return known[aaguid], nil }
	_, err = passkey.Register(e, origin, m.attestation(t))
	return err
}

// revokes adds a list by which an issuer revokes a certificate.
func (s *service) revokes(t *testing.T, by *authority, serial *big.Int) {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: since, NextUpdate: until,
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: serial, RevocationTime: since}},
	}, by.cert, by.key)
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	s.revoked = append(s.revoked, list)
}

// metadataCases: a document that is not to be believed is no refusal of a ceremony, so
// those cases check that it is not read, and that without it the model is unknown.
func metadataCases() []conformance {
	disbelieved := func(name string, edit func(t *testing.T, s *service)) conformance {
		return conformance{"Metadata-Service1 " + name, func(t *testing.T) error {
			s := newService(t)
			edit(t, s)
			if err := s.registers(t); !errors.Is(err, passkey.ErrBlob) {
				t.Errorf("got %v", err)
			}
			m, e := newMint(t), expect()
			s.model.attests(t, m)
			s.model.demand(&e)
			e.Rules.Metadata = nil
			_, err := passkey.Register(e, origin, m.attestation(t))
			return err
		}, "7.1.20"}
	}
	return []conformance{
		{"Metadata-Service1 P-1", func(t *testing.T) error { return newService(t).registers(t) }, ""},
		// MDS 3 has no hash of a statement: the one signature covers it.
		disbelieved("F-1", func(_ *testing.T, s *service) {
			s.change = func(blob string) string {
				p := strings.Split(blob, ".")
				return p[0] + "." + b64url([]byte(`{"nextUpdate":"2027-01-01","entries":[]}`)) + "." + p[2]
			}
		}),
		{"Metadata-Service1 F-2", func(t *testing.T) error {
			for _, status := range []string{"USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE", "USER_KEY_REMOTE_COMPROMISE", "REVOKED"} {
				s := newService(t)
				s.reports = append(s.reports, map[string]any{"status": status})
				refused(t, s.registers(t), "7.1.21")
			}
			s := newService(t)
			s.reports = append(s.reports, map[string]any{"status": "USER_KEY_PHYSICAL_COMPROMISE"})
			return s.registers(t)
		}, "7.1.21"},
		disbelieved("F-3", func(_ *testing.T, s *service) {
			s.change = func(blob string) string { return blob[:strings.LastIndexByte(blob, '.')+1] + b64url(make([]byte, 64)) }
		}),
		disbelieved("F-4", func(t *testing.T, s *service) { s.roots = []*x509.Certificate{newCA(t, nil, "Other").cert} }),
		disbelieved("F-5", func(t *testing.T, s *service) { s.revokes(t, s.root, s.mid.cert.SerialNumber) }),
		disbelieved("F-6", func(t *testing.T, s *service) { s.revokes(t, s.mid, s.signer.cert.SerialNumber) }),
	}
}

// TestMetadataDates: a report of tomorrow does not count, one about a certificate only
// distrusts that, and a document that should have been replaced is not read.
func TestMetadataDates(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.reports = append(s.reports, map[string]any{"status": "REVOKED", "effectiveDate": now.AddDate(0, 0, 1).Format(time.DateOnly)})
	if err := s.registers(t); err != nil {
		t.Error(err)
	}
	s = newService(t)
	s.reports = append(s.reports, map[string]any{"status": "ATTESTATION_KEY_COMPROMISE", "certificate": std(s.model.mid.cert.Raw)})
	refused(t, s.registers(t), "7.1.21")
	s = newService(t)
	s.next = "2026-10-01"
	if err := s.registers(t); !errors.Is(err, passkey.ErrBlob) {
		t.Errorf("got %v", err)
	}
	s = newService(t)
	s.reports = nil
	refused(t, s.registers(t), "7.1.21")
}

// A list revokes what its signer has issued, and nothing else: anybody can sign one.
func TestARevocationListOfAnotherIssuerRevokesNothing(t *testing.T) {
	t.Parallel()
	s := newService(t)
	stranger := newCA(t, nil, "MDS intermediate")
	for _, by := range []*authority{stranger, s.root} {
		s.revokes(t, by, s.signer.cert.SerialNumber)
	}
	s.revokes(t, stranger, s.mid.cert.SerialNumber)
	if s.mid.cert.SerialNumber.Cmp(s.signer.cert.SerialNumber) == 0 {
		t.Fatal("two certificates of the chain have one serial number")
	}
	if err := s.registers(t); err != nil {
		t.Errorf("got %v, want a registration", err)
	}
}
