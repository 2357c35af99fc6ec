package passkey_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// model is an authenticator model with its certificates.
type model struct {
	aaguid    [16]byte
	root, mid *authority
	leaf      *authority
	metadata  *passkey.Metadata
}

// newModel is a manufacturer's: root, intermediate, attestation certificate.
func newModel(t *testing.T) *model {
	t.Helper()
	root := newCA(t, nil, "Root")
	mid := newCA(t, root, "Intermediate")
	return &model{
		aaguid: [16]byte{1, 2, 3}, root: root, mid: mid, leaf: newAttester(t, mid),
		metadata: &passkey.Metadata{Roots: []*x509.Certificate{root.cert}, Algorithms: []int64{-7}, Certified: true},
	}
}

// demand makes the rules want this model and no other.
func (d *model) demand(e *passkey.Expect) {
	e.Rules.Attestation = passkey.Direct
	e.Rules.Authenticators.Option = passkey.Global
	e.Rules.Metadata = func(aaguid [16]byte) (*passkey.Metadata, error) {
		if aaguid != d.aaguid {
			return nil, nil
		}
		return d.metadata, nil
	}
}

// attests makes a mint attest in the packed format by the model.
func (d *model) attests(t *testing.T, m *mint, chain ...*authority) {
	t.Helper()
	if len(chain) == 0 {
		chain = []*authority{d.leaf, d.mid}
	}
	m.format, m.aaguid = "packed", d.aaguid
	m.statement = func(data, hash []byte) map[string]any {
		sig := signES256(t, d.leaf.key, slices.Concat(data, hash))
		return map[string]any{"alg": int64(-7), "sig": sig, "x5c": x5c(chain...)}
	}
}

// u2f makes a mint attest as U2F keys did (§8.6).
func u2f(t *testing.T, m *mint) {
	t.Helper()
	leaf := newAttester(t, nil)
	m.format = "fido-u2f"
	m.statement = func(data, hash []byte) map[string]any {
		x, y := coordinates(t, m.key)
		signed := slices.Concat([]byte{0}, data[:32], hash, m.id, []byte{4}, x, y)
		return map[string]any{"sig": signES256(t, leaf.key, signed), "x5c": x5c(leaf)}
	}
}

// A TPM's structures are big-endian; size-prefixed ones are TPM2B.
func tpm2b(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

func u16(v ...uint16) (out []byte) {
	for _, n := range v {
		out = binary.BigEndian.AppendUint16(out, n)
	}
	return out
}

// pubArea is the TPMT_PUBLIC of an ECC key: P-256, named by SHA-256.
func pubArea(x, y []byte) []byte {
	return slices.Concat(u16(0x23, 0x0b), []byte{0, 4, 0, 0x72}, u16(0, 0x10, 0x10, 3, 0x10), tpm2b(x), tpm2b(y))
}

// pubAreaRSA is the TPMT_PUBLIC of an RSA key of 2048 bits.
func pubAreaRSA(n []byte) []byte {
	return slices.Concat(u16(1, 0x0b), []byte{0, 4, 0, 0x72}, u16(0, 0x10, 0x10, 2048), []byte{0, 0, 0, 0}, tpm2b(n))
}

// certInfo is a TPMS_ATTEST that certifies pub.
func certInfo(pub, extra []byte) []byte {
	sum := sha256.Sum256(pub)
	name := append(u16(0x0b), sum[:]...)
	return slices.Concat([]byte{0xff, 'T', 'C', 'G'}, u16(0x8017), tpm2b(nil), tpm2b(extra),
		make([]byte, 17+8), tpm2b(name), tpm2b(nil))
}

// tpmParts are what a test of the tpm format changes.
type tpmParts struct {
	pub, info, extra []byte
	aik              func(c *x509.Certificate)
}

// tpm makes a mint attest by a TPM (§8.3).
func tpm(t *testing.T, m *mint, change ...func(p *tpmParts)) *authority {
	t.Helper()
	x, y := coordinates(t, m.key)
	return tpmOf(t, m, pubArea(x, y), change...)
}

func tpmOf(t *testing.T, m *mint, pub []byte, change ...func(p *tpmParts)) *authority {
	t.Helper()
	root := newCA(t, nil, "TPM root")
	m.format = "tpm"
	m.statement = func(data, hash []byte) map[string]any {
		extra := sha256.Sum256(slices.Concat(data, hash))
		p := &tpmParts{pub: pub, info: certInfo(pub, extra[:]), extra: extra[:], aik: func(*x509.Certificate) {}}
		for _, f := range change {
			f(p)
		}
		aik := newAIK(t, root, p.aik)
		return map[string]any{"ver": "2.0", "alg": int64(-7), "sig": signES256(t, aik.key, p.info), "certInfo": p.info,
			"pubArea": p.pub, "x5c": x5c(aik, root)}
	}
	return root
}

// newAIK makes the certificate of a TPM's attestation key (§8.3.1).
func newAIK(t *testing.T, by *authority, change ...func(c *x509.Certificate)) *authority {
	t.Helper()
	c := &x509.Certificate{
		ExtraExtensions:    []pkix.Extension{tpmNames(t, "id:494E5443", "Model", "id:1")},
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{2, 23, 133, 8, 3}},
	}
	for _, f := range change {
		f(c)
	}
	k := newKey(t)
	return issue(t, by, k, &k.PublicKey, c)
}

// tpmNames is the alternative name of manufacturer, model and version of a TPM.
func tpmNames(t *testing.T, values ...string) pkix.Extension {
	t.Helper()
	var names pkix.RDNSequence
	for i, v := range values {
		names = append(names, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, i + 1}, Value: v}})
	}
	directory := mustASN1(t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: mustASN1(t, names)})
	san := mustASN1(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: directory})
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: san}
}

func mustASN1(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rsaKey gives a mint an RSA key that it cannot sign with: its statements are others'.
func rsaKey(t *testing.T, m *mint) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	m.cose = mustCBOR(t, map[int]any{1: 3, 3: -257, -1: k.N.Bytes(), -2: big.NewInt(int64(k.E)).Bytes()})
	return k
}

// tagged is a member of Android's authorization lists: [tag] EXPLICIT value.
func tagged(t *testing.T, tag int, value []byte) []byte {
	t.Helper()
	return mustASN1(t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: value})
}

// androidParts are what a test of the android-key format changes.
type androidParts struct {
	challenge, trusted, software []byte
	public                       crypto.PublicKey
}

// android makes a mint attest by Android's key store (§8.4).
func android(t *testing.T, m *mint, change ...func(p *androidParts)) {
	t.Helper()
	root := newCA(t, nil, "Android root")
	m.format = "android-key"
	m.statement = func(data, hash []byte) map[string]any {
		signing := mustASN1(t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: mustASN1(t, 2)})
		p := &androidParts{challenge: hash, public: &m.key.PublicKey,
			trusted: slices.Concat(tagged(t, 1, signing), tagged(t, 702, mustASN1(t, 0)))}
		for _, f := range change {
			f(p)
		}
		leaf := issue(t, root, m.key, p.public, &x509.Certificate{Subject: pkix.Name{CommonName: "Android"},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}, Value: keyDescription(t, p)}}})
		return map[string]any{"alg": int64(-7), "sig": signES256(t, m.key, slices.Concat(data, hash)), "x5c": x5c(leaf, root)}
	}
}

func keyDescription(t *testing.T, p *androidParts) []byte {
	t.Helper()
	sequence := func(b []byte) asn1.RawValue {
		return asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: b}
	}
	return mustASN1(t, struct {
		Version   int
		Level     asn1.Enumerated
		Keymaster int
		Security  asn1.Enumerated
		Challenge []byte
		Unique    []byte
		Software  asn1.RawValue
		TEE       asn1.RawValue
	}{3, 1, 4, 1, p.challenge, nil, sequence(p.software), sequence(p.trusted)})
}

// apple makes a mint attest as Apple does (§8.8).
func apple(t *testing.T, m *mint, nonce func(n []byte) []byte) {
	t.Helper()
	root := newCA(t, nil, "Apple root")
	m.format = "apple"
	m.statement = func(data, hash []byte) map[string]any {
		sum := sha256.Sum256(slices.Concat(data, hash))
		value := mustASN1(t, struct {
			Nonce []byte `asn1:"tag:1,explicit"`
		}{changed(nonce, sum[:])})
		leaf := issue(t, root, m.key, &m.key.PublicKey, &x509.Certificate{Subject: pkix.Name{CommonName: "Apple"},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}, Value: value}}})
		return map[string]any{"x5c": x5c(leaf, root)}
	}
}
