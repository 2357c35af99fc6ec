package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// with is a copy of an object with a member set, or taken out.
func with(o obj, name string, value any) obj {
	out := obj{}
	for k, v := range o {
		out[k] = v
	}
	if out[name] = value; value == nil {
		delete(out, name)
	}
	return out
}

// A proof is good for one call: anything else is refused with one text, and changes
// nothing.
func TestProofs(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, app := w.user("ben"), embedded.NativeApplication(envID)
		f, other := newForger(w), newForger(w)
		f.pair(w, user, app)
		other.pair(w, user, app)
		target, body := "/"+envID+"/app/devices/"+f.device, []byte(`{"device":{"locale":"de"}}`)
		claims := func() obj { return f.claims("PUT", target, body) }
		unix, _ := f.now()
		rsaKey, p384 := strangeKeys(t)
		refused := func(what, proof string) {
			t.Helper()
			r := send(w, "PUT", target, proof, body)
			if r.Status != 401 || r.text("details.0.code") != "INVALID_TOKEN" || r.text("details.0.message") != "The proof of the app is missing or not valid" || r.text("code") != "ACCESS_FAILED" {
				t.Errorf("%s: %d %s", what, r.Status, r.Raw)
			}
		}
		h := f.header()
		good := f.sign(h, claims())
		used := f.seq
		for what, proof := range map[string]string{
			"none":                 "",
			"a bearer token":       token,
			"another method":       f.sign(h, with(claims(), "htm", "GET")),
			"another path":         f.sign(h, with(claims(), "htu", "/"+envID+"/app/devices/"+other.device)),
			"a query":              f.sign(h, with(claims(), "htu", target+"?x=1")),
			"an absolute URL":      f.sign(h, with(claims(), "htu", base+target)),
			"another body":         f.sign(h, with(claims(), "bod", f.claims("PUT", target, nil)["bod"])),
			"no body":              f.sign(h, with(claims(), "bod", nil)),
			"old":                  f.sign(h, with(claims(), "iat", unix-301)),
			"of the future":        f.sign(h, with(claims(), "iat", unix+301)),
			"without time":         f.sign(h, with(claims(), "iat", nil)),
			"without number":       f.sign(h, with(claims(), "seq", nil)),
			"a negative number":    f.sign(h, with(claims(), "seq", -1)),
			"a huge number":        f.sign(h, with(claims(), "seq", uint64(1)<<53)),
			"a text as number":     f.sign(h, with(claims(), "seq", "7")),
			"another kid":          f.sign(with(h, "kid", other.device), claims()),
			"no kid":               f.sign(with(h, "kid", nil), claims()),
			"kid and key":          f.sign(with(h, "jwk", f.jwk()), claims()),
			"a key of its own":     f.sign(with(with(h, "kid", nil), "jwk", f.jwk()), claims()),
			"another's key":        other.sign(h, claims()),
			"a payload":            f.sign(with(h, "typ", "mobile-payload"), claims()),
			"no type":              f.sign(with(h, "typ", nil), claims()),
			"one header too many":  f.sign(with(h, "x5u", "https://evil.example"), claims()),
			"a nonce":              f.sign(with(h, "nonce", "x"), claims()),
			"critical headers":     f.sign(with(with(h, "crit", []any{"b64"}), "b64", false), claims()),
			"alg none":             unsigned(f, with(h, "alg", "none"), claims()),
			"alg none, signed":     f.sign(with(h, "alg", "none"), claims()),
			"HMAC with public key": hmacked(f, with(h, "alg", "HS256"), claims()),
			"EdDSA over P-256":     f.sign(with(h, "alg", "EdDSA"), claims()),
			"ES384":                f.sign(with(h, "alg", "ES384"), claims()),
			"no signature":         good[:strings.LastIndexByte(good, '.')+1],
			"two parts":            good[:strings.LastIndexByte(good, '.')],
			"four parts":           good + ".x",
			"JSON":                 `{"payload":"x"}`,
			"spaces":               " " + good,
			"too long":             good + strings.Repeat("A", 4096),
			"nothing inside":       f.sign(h, obj{}),
			"an RSA key":           joseProof(t, jose.RS256, rsaKey, f.device, claims()),
			"a P-384 key":          joseProof(t, jose.ES384, p384, f.device, claims()),
		} {
			refused(what, proof)
		}
		send(w, "PUT", target, good, body).want(200, "")
		refused("used", good)
		refused("a lower number", f.sign(h, with(claims(), "seq", 1)))
		refused("the same number", f.sign(h, with(claims(), "seq", used)))
		if got := w.api("GET", "users/"+user+"/devices/"+f.device, nil).text("locale"); got != "de" {
			t.Errorf("locale %q", got)
		}
		// A proof whose call is refused for another reason is used up too.
		bad := []byte(`{"device":null}`)
		late := f.sign(h, f.claims("PUT", target, bad))
		send(w, "PUT", target, late, bad).want(400, "REQUIRED_VALUE")
		send(w, "PUT", target, late, bad).want(401, "INVALID_TOKEN")
		w.clock.Move(5 * time.Minute)
		slow := f.sign(h, with(f.claims("PUT", target, body), "iat", unix))
		send(w, "PUT", target, slow, body).want(200, "")
		unix, _ = f.now()
		fast := f.sign(h, with(claims(), "iat", unix+300))
		send(w, "PUT", target, fast, body).want(200, "")
		last := f.sign(h, with(claims(), "seq", uint64(1)<<53-1))
		send(w, "PUT", target, last, body).want(200, "")
	})
}

func unsigned(f *forger, header, claims obj) string {
	return b64(encoded(f.t, header)) + "." + b64(encoded(f.t, claims)) + "."
}

// hmacked signs with the public key as if it were a secret.
func hmacked(f *forger, header, claims obj) string {
	signing := b64(encoded(f.t, header)) + "." + b64(encoded(f.t, claims))
	m := hmac.New(sha256.New, encoded(f.t, f.jwk()))
	m.Write([]byte(signing))
	return signing + "." + b64(m.Sum(nil))
}

// strangeKeys are good keys, of kinds that the protocol does not have.
func strangeKeys(t *testing.T) (*rsa.PrivateKey, *ecdsa.PrivateKey) {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r, e
}

// joseProof signs with a key that is not allowed.
func joseProof(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims obj) string {
	t.Helper()
	o := &jose.SignerOptions{EmbedJWK: kid == ""}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, o.WithType("mfaflow-proof"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(encoded(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The key of a pairing must be public, of P-256 or Ed25519, and have signed.
func TestPairingProofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(w.user("ben"), nil)
	f, other := newForger(w), newForger(w)
	target := "/" + envID + "/app/devices"
	body := encoded(t, obj{"code": key.text("code"), "application": obj{"id": embedded.NativeApplication(envID)}})
	claims := func() obj { return f.claims("POST", target, body) }
	rsaKey, p384 := strangeKeys(t)
	h := f.header()
	offCurve := with(f.jwk(), "y", f.jwk()["x"])
	for what, proof := range map[string]string{
		"none":             "",
		"no key":           f.sign(with(h, "jwk", nil), claims()),
		"a kid":            f.sign(with(with(h, "jwk", nil), "kid", user0), claims()),
		"another's key":    f.sign(with(h, "jwk", other.jwk()), claims()),
		"a private key":    f.sign(with(h, "jwk", with(f.jwk(), "d", f.private())), claims()),
		"a symmetric key":  hmacked(f, with(with(h, "alg", "HS256"), "jwk", obj{"kty": "oct", "k": b64([]byte("secret"))}), claims()),
		"off the curve":    f.sign(with(h, "jwk", offCurve), claims()),
		"an RSA key":       joseProof(t, jose.RS256, rsaKey, "", claims()),
		"a P-384 key":      joseProof(t, jose.ES384, p384, "", claims()),
		"alg none":         unsigned(f, with(h, "alg", "none"), claims()),
		"another path":     f.sign(h, with(claims(), "htu", target+"/")),
		"another body":     f.sign(h, with(claims(), "bod", "x")),
		"old":              f.sign(h, with(claims(), "iat", 1)),
		"without a number": f.sign(h, with(claims(), "seq", 0)),
	} {
		if r := send(w, "POST", target, proof, body); r.Status != 401 || r.text("details.0.code") != "INVALID_TOKEN" {
			t.Errorf("%s: %s", what, r.Raw)
		}
	}
	good := f.sign(h, claims())
	send(w, "POST", target, good, body).want(201, "")
	send(w, "POST", target, good, body).want(400, "INVALID_VALUE")
}

// A-35 for proofs: no byte of a proof can be altered, dropped or added.
func TestA35Proofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := newForger(w)
	f.pair(w, w.user("ben"), embedded.NativeApplication(envID))
	target := "/" + envID + "/app/devices/" + f.device
	good := f.sign(f.header(), f.claims("GET", target, nil))
	try := func(proof string) {
		if proof == good {
			return
		}
		if r := send(w, "GET", target, proof, nil); r.Status != 401 {
			t.Fatalf("%s\naccepted for %s", proof, good)
		}
	}
	for i := range len(good) {
		try(good[:i])
		try(good[:i] + good[i+1:])
		for _, c := range []byte("AQgw_-.=\t9") {
			try(good[:i] + string(c) + good[i+1:])
			try(good[:i] + string(c) + good[i:])
		}
	}
	send(w, "GET", target, good, nil).want(200, "")
}

// A proof that is sent many times at once is good once.
func TestProofReplayedInParallel(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		f := newForger(w)
		f.pair(w, user, embedded.NativeApplication(envID))
		target, body := "/"+envID+"/app/devices/"+f.device, []byte(`{"device":{"locale":"de"}}`)
		proof := f.sign(f.header(), f.claims("PUT", target, body))
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for range 100 {
			all.Go(func() {
				r := send(w, "PUT", target, proof, body)
				mu.Lock()
				defer mu.Unlock()
				got[r.Status]++
			})
		}
		all.Wait()
		if got[200] != 1 || got[200]+got[401]+got[429] != 100 {
			t.Errorf("answers %v", got)
		}
	})
}
