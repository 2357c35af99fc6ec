package embedded_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http/httptest"
	"testing"
)

// forger is an app written from docs/app-protocol.md alone, which can also do wrong.
type forger struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	device string // "" before it is paired
	now    func() (unix, milli int64)
	seq    int64
}

func newForger(w *world) *forger {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return &forger{t: w.t, key: key, now: func() (int64, int64) { n := w.clock.Now(); return n.Unix(), n.UnixMilli() }}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk is the public key.
func (f *forger) jwk() obj {
	raw, err := f.key.PublicKey.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	return obj{"kty": "EC", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])}
}

// private is the member of a JWK that nobody may see.
func (f *forger) private() string {
	raw, err := f.key.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	return b64(raw)
}

// header and claims are the two halves of the proof of a call.
func (f *forger) header() obj {
	h := obj{"alg": "ES256", "typ": "mfaflow-proof"}
	if f.device == "" {
		h["jwk"] = f.jwk()
	} else {
		h["kid"] = f.device
	}
	return h
}

func (f *forger) claims(method, target string, body []byte) obj {
	unix, milli := f.now()
	f.seq = max(f.seq+1, milli)
	sum := sha256.Sum256(body)
	return obj{"htm": method, "htu": target, "iat": unix, "seq": f.seq, "bod": b64(sum[:])}
}

// sign makes a compact JWS.
func (f *forger) sign(header, claims obj) string {
	f.t.Helper()
	signing := b64(encoded(f.t, header)) + "." + b64(encoded(f.t, claims))
	sum := sha256.Sum256([]byte(signing))
	r, s, err := ecdsa.Sign(rand.Reader, f.key, sum[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return signing + "." + b64(append(fill(r), fill(s)...))
}

func fill(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// post sends a good call to a path below /{env}/app.
func (f *forger) post(w *world, path string, body any) result {
	f.t.Helper()
	return f.call(w, "POST", path, body)
}

func (f *forger) call(w *world, method, path string, body any) result {
	f.t.Helper()
	var raw []byte
	if body != nil {
		raw = encoded(f.t, body)
	}
	target := "/" + envID + "/app/" + path
	return send(w, method, target, f.sign(f.header(), f.claims(method, target, raw)), raw)
}

// pair pairs the forger with a new key of a user.
func (f *forger) pair(w *world, user, app string) result {
	f.t.Helper()
	r := f.post(w, "devices", obj{"code": w.key(user, nil).text("code"), "application": obj{"id": app}}).want(201, "")
	f.device = r.text("device.id")
	return r
}

// send sends a call with a proof, as it is.
func send(w *world, method, target, proof string, body []byte) result {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, bytes.NewReader(body))
	if proof != "" {
		r.Header.Set("Mfaflow-Proof", proof)
	}
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.svc.ServeHTTP(rec, r)
	out := result{t: w.t, Status: rec.Code, Header: rec.Header(), Raw: rec.Body.Bytes()}
	if len(out.Raw) > 0 {
		if err := json.Unmarshal(out.Raw, &out.Body); err != nil {
			w.t.Fatalf("body %q: %v", out.Raw, err)
		}
	}
	return out
}
