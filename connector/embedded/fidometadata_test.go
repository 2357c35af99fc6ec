package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/store/memory"
)

// modelID is the AAGUID of the tests' authenticator model.
const modelID = "0132d110-bf4e-4208-a403-ab4f5f12efe5"

// authority is a root certificate with its key.
func authority(t *testing.T) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	draft := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: year(2020), NotAfter: year(2100), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// metadataBody is a model to add; change alters its statement.
func metadataBody(t *testing.T, id string, change func(st obj)) obj {
	t.Helper()
	root, _ := authority(t)
	st := obj{"aaguid": id, "description": "Forge key", "authenticationAlgorithms": []any{"secp256r1_ecdsa_sha256_raw"},
		"attestationRootCertificates": []any{base64.StdEncoding.EncodeToString(root.Raw)}}
	change(st)
	return obj{"aaguid": id, "metadataStatement": st}
}

func unchanged(obj) {}

func TestFIDOMetadata(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		made := w.api("POST", "fidoDevicesMetadata", metadataBody(t, modelID, unchanged)).want(201, "")
		if made.text("id") != modelID || made.text("mdsIdentifier") != modelID || made.text("description") != "Forge key" {
			t.Errorf("%s", made.Raw)
		}
		one := w.api("GET", "fidoDevicesMetadata/"+modelID, nil).want(200, "")
		if one.text("metadataStatement.aaguid") != modelID || string(one.Raw) != string(made.Raw) {
			t.Errorf("%s", one.Raw)
		}
		list := w.api("GET", "fidoDevicesMetadata", nil).want(200, "")
		if list.at("count") != 1.0 || list.text("_embedded.fidoDevicesMetadata.0.id") != modelID {
			t.Errorf("%s", list.Raw)
		}
		w.api("POST", "fidoDevicesMetadata", metadataBody(t, modelID, unchanged)).want(400, "UNIQUENESS_VIOLATION")
		specific := fido2Body(func(p obj) {
			p["mdsAuthenticatorsRequirements"] = obj{"option": "SPECIFIC", "enforceDuringAuthentication": true,
				"allowedAuthenticators": []any{obj{"id": modelID}}}
		})
		w.api("POST", "fido2Policies", specific).want(201, "")
		w.api("DELETE", "fidoDevicesMetadata/"+modelID, nil).want(204, "")
		w.api("GET", "fidoDevicesMetadata/"+modelID, nil).want(404, "NOT_FOUND")
		w.api("DELETE", "fidoDevicesMetadata/"+modelID, nil).want(404, "NOT_FOUND")
	})
}

func TestFIDOMetadataRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	edit := func(change func(st obj)) obj { return metadataBody(t, modelID, change) }
	for name, c := range map[string]struct {
		body         obj
		code, target string
	}{
		"nothing":       {obj{}, "REQUIRED_VALUE", "aaguid"},
		"no statement":  {obj{"aaguid": modelID}, "REQUIRED_VALUE", "metadataStatement"},
		"no aaguid":     {metadataBody(t, "x", unchanged), "INVALID_VALUE", "aaguid"},
		"no model":      {metadataBody(t, "00000000-0000-0000-0000-000000000000", unchanged), "INVALID_VALUE", "aaguid"},
		"another model": {edit(func(st obj) { st["aaguid"] = envID }), "INVALID_VALUE", "metadataStatement.aaguid"},
		"no object":     {obj{"aaguid": modelID, "metadataStatement": []any{}}, "INVALID_VALUE", "metadataStatement"},
		"no roots":      {edit(func(st obj) { delete(st, "attestationRootCertificates") }), "REQUIRED_VALUE", "metadataStatement.attestationRootCertificates"},
		"bad roots":     {edit(func(st obj) { st["attestationRootCertificates"] = []any{"AAAA"} }), "INVALID_VALUE", "metadataStatement"},
		"big":           {edit(func(st obj) { st["icon"] = strings.Repeat("x", 129<<10) }), "SIZE_LIMIT_EXCEEDED", "metadataStatement"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.api("POST", "fidoDevicesMetadata", c.body)
			r.t = t
			r.want(400, c.code)
			if got := r.text("details.0.target"); got != c.target {
				t.Errorf("target %q, want %q", got, c.target)
			}
		})
	}
}

// alliance signs a document of models as the FIDO Alliance does.
func alliance(t *testing.T, next string, models ...string) *embedded.FIDOMetadata {
	t.Helper()
	root, key := authority(t)
	entries := []any{}
	for _, id := range models {
		entry := metadataBody(t, id, unchanged)
		entry["statusReports"] = []any{obj{"status": "FIDO_CERTIFIED"}}
		entries = append(entries, entry)
	}
	var signed []string
	for _, part := range []obj{
		{"alg": "ES256", "x5c": []any{base64.StdEncoding.EncodeToString(root.Raw)}}, {"nextUpdate": next, "entries": entries},
	} {
		b, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		signed = append(signed, base64.RawURLEncoding.EncodeToString(b))
	}
	sum := sha256.Sum256([]byte(strings.Join(signed, ".")))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	signed = append(signed, base64.RawURLEncoding.EncodeToString(sig))
	return &embedded.FIDOMetadata{BLOB: strings.Join(signed, "."), Roots: []*x509.Certificate{root}}
}

// The Alliance's models are there after a start, replaced by the next, and not to be
// deleted.
func TestFIDOAlliance(t *testing.T) {
	t.Parallel()
	const other = "0132d110-bf4e-4208-a403-ab4f5f12efe6"
	w := newWorld(t, func(o *embedded.Options) { o.FIDOMetadata = alliance(t, "2027-01-01", modelID, other) })
	list := w.api("GET", "fidoDevicesMetadata", nil).want(200, "")
	if list.at("count") != 2.0 || list.at("_embedded.fidoDevicesMetadata.0.custom") != false {
		t.Errorf("%s", list.Raw)
	}
	w.api("DELETE", "fidoDevicesMetadata/"+modelID, nil).want(400, "CONSTRAINT_VIOLATION")
	const mine = "0132d110-bf4e-4208-a403-ab4f5f12efe7"
	w.api("POST", "fidoDevicesMetadata", metadataBody(t, mine, unchanged)).want(201, "")
	w.service(func(o *embedded.Options) { o.FIDOMetadata = alliance(t, "2027-01-01", other, mine) })
	list = w.api("GET", "fidoDevicesMetadata", nil).want(200, "")
	if list.at("count") != 2.0 {
		t.Errorf("%s", list.Raw)
	}
	w.api("GET", "fidoDevicesMetadata/"+modelID, nil).want(404, "NOT_FOUND")
	if w.api("GET", "fidoDevicesMetadata/"+mine, nil).at("custom") != false {
		t.Error("the operator's word counts more than the Alliance's")
	}
}

// A document that is not to be believed makes no service.
func TestFIDOAllianceDisbelieved(t *testing.T) {
	t.Parallel()
	w := worldOn(t, memory.New())
	old, foreign := alliance(t, "2026-11-20", modelID), alliance(t, "2027-01-01", modelID)
	foreign.Roots = nil // the Alliance's own
	for _, m := range []*embedded.FIDOMetadata{old, foreign, {BLOB: "nothing"}} {
		_, err := embedded.New(t.Context(), w.db, embedded.Options{Environment: envID, BaseURL: base, FIDOMetadata: m})
		if !errors.Is(err, embedded.ErrOptions) {
			t.Errorf("got %v", err)
		}
	}
}
