package wire_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/connector/wire"
)

func TestJSONIsRefusedWhereTwoReadersDiffer(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		``: "ends too early", ` `: "ends too early", `{`: "ends too early", `{"a":`: "ends too early", `nul`: "ends too early", `{"a" 1}`: "byte",
		`{}{}`: "follows", `{} x`: "not JSON", `1 2`: "follows",
		`{"a":1,"a":2}`: `"/a" is there twice`, `{"a":1,"\u0061":2}`: "twice", `{"b":[{"a":1,"a":1}]}`: `"/b/0/a" is there twice`, `{"":1,"":1}`: "twice",
		"{\"a\":\"\xff\"}": "UTF-8", "{\"\xc3\x28\":1}": "UTF-8", `{"a":"\ud800"}`: "byte", `{"a":"\udc00\ud800"}`: "byte", "\xef\xbb\xbf{}": "byte",
		`[[[[]]]]`: "deeper than 3", `{"a":{"a":{"a":{}}}}`: "deeper than 3",
	} {
		if err := wire.CheckJSON([]byte(src), 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", src, err, want)
		}
	}
	for _, src := range []string{`null`, `1`, `"x"`, `[]`, `{}`, ` {"a":[1,{}]} `, `{"a":1,"A":2}`, `{"a":{"b":1},"c":{"b":1}}`, `{"a":"\ud83d\ude00"}`, "\n{\"ä\": 1e400}\t"} {
		if err := wire.CheckJSON([]byte(src), 3); err != nil {
			t.Errorf("%q: got %v, want none", src, err)
		}
	}
}

// TestJSONOfOurEncoderIsTaken: whatever encoding/json writes passes.
func TestJSONOfOurEncoderIsTaken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b, err := json.Marshal(rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.String())).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.CheckJSON(b, 2); err != nil {
			t.Errorf("%s: got %v, want none", b, err)
		}
	})
}

// TestBase64HasOneSpelling: of all texts near an encoded value none decodes to it.
func TestBase64HasOneSpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "value")
		text := base64.RawURLEncoding.EncodeToString(value)
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		add := rapid.SampledFrom([]string{"\n", "\r", "\r\n", " ", "\t", "=", "==", "A", "\x00", "-", "+", "/", "."}).Draw(t, "add")
		for _, near := range []string{text[:at] + add + text[at:], text[:at] + add + text[min(at+1, len(text)):], text + "=", strings.ToLower(text), strings.ReplaceAll(text, "-", "+"), text[:at]} {
			if got, err := wire.DecodeBase64URL(near); near != text && err == nil && string(got) == string(value) {
				t.Errorf("%q decodes to what %q does", near, text)
			}
		}
		if got, err := wire.DecodeBase64URL(text); err != nil || string(got) != string(value) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	})
}

func TestCredentialsFollowRFC9110(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Bearer x": "bearer x", "bearer x": "bearer x", "BEARER   x.y-z": "bearer x.y-z", "Basic  YTpi": "basic YTpi",
		"": "", "Bearer": "", "Bearer ": "", "Bearer  ": "", " Bearer x": "", "Bearer\tx": "", "Bearer x y": "", "Bearer x\ty": "", "Bearerx": "", "Bearer \tx": "",
	} {
		scheme, credentials, ok := wire.ReadCredentials(http.Header{"Authorization": {header}})
		if got := strings.TrimSpace(scheme + " " + credentials); got != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", header, got, ok, want)
		}
	}
	if _, _, ok := wire.ReadCredentials(http.Header{"Authorization": {"Bearer x", "Bearer x"}}); ok {
		t.Error("two headers are taken")
	}
}

func TestBasicIsReadInItsOneSpelling(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Basic dTpw": "u/p", "basic   dTpwOnE=": "u/p:q", "Basic Og==": "/",
		"Basic dQ==": "", "Basic dTpwOnE": "", "Bearer dTpw": "", "Basic dTpwOnF=": "", "Basic d Tpw": "",
	} {
		user, password, ok := wire.ReadBasic(http.Header{"Authorization": {header}})
		if got := user + "/" + password; ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q %v, want %q", header, got, ok, want)
		}
	}
}
