package embedded_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// protocol is docs/app-protocol.md.
func protocol(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/app-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks are the fenced blocks of a language.
func blocks(t *testing.T, language string) (out []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)\n```$").FindAllStringSubmatch(protocol(t), -1) {
		out = append(out, m[1])
	}
	return out
}

// The worked example of the protocol is right to the byte: the hash, the signature, the
// call, and the service takes the proof.
func TestProtocolExample(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	texts, http := blocks(t, "json"), blocks(t, "http")
	key, body, header, claims := texts[0], texts[1], texts[2], texts[3]
	var private struct{ D, X string }
	var said struct{ Htm, Htu, Bod string }
	for text, v := range map[string]any{key: &private, claims: &said} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatal(err)
		}
	}
	seed, err := base64.RawURLEncoding.DecodeString(private.D)
	if err != nil {
		t.Fatal(err)
	}
	signer := ed25519.NewKeyFromSeed(seed)
	signing := b64([]byte(header)) + "." + b64([]byte(claims))
	proof := signing + "." + b64(ed25519.Sign(signer, []byte(signing)))
	sum := sha256.Sum256([]byte(body))
	if b64(signer[32:]) != private.X || b64(sum[:]) != said.Bod || !strings.Contains(header, private.X) {
		t.Errorf("key or hash differ: %s", b64(sum[:]))
	}
	call := strings.Join([]string{said.Htm + " " + said.Htu + " HTTP/1.1", "Host: 127.0.0.1:8080", "Content-Type: application/json",
		"Mfaflow-Proof: " + proof, "", body}, "\n")
	if http[0] != call {
		t.Errorf("the call is\n%s", call)
	}
	// The code is of no key here; a proof that was not good would be 401.
	send(w, said.Htm, said.Htu, proof, []byte(body)).want(400, "INVALID_VALUE")
	send(w, said.Htm, said.Htu, proof, []byte(body+" ")).want(401, "INVALID_TOKEN")
}

// Every route of the protocol is served, and asks for a proof.
func TestProtocolRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := regexp.MustCompile("(?m)^\\| `([A-Z]+) (app/[^`]*)` \\|").FindAllStringSubmatch(protocol(t), -1)
	if len(rows) < 5 {
		t.Fatalf("%d routes", len(rows))
	}
	for _, r := range rows {
		path := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(r[2], user0)
		send(w, r[1], "/"+envID+"/"+path, "", nil).want(401, "INVALID_TOKEN")
	}
}
