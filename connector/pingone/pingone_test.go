package pingone_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

func TestPathEscapes(t *testing.T) {
	t.Parallel()
	for want, path := range map[string]pingone.Path{
		"":                               nil,
		"/users/u1":                      {"users", "u1"},
		"/users/a%2Fb/c%3Fd%23e%25f%20g": {"users", "a/b", "c?d#e%f g"},
		"/users/%252e%252e":              {"users", "%2e%2e"},
		"/users/...":                     {"users", "..."},
		"/users/%C3%A9%0A":               {"users", "é\n"},
	} {
		if got, err := path.Escape(); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestPathRefusesSegmentsThatMove(t *testing.T) {
	t.Parallel()
	for _, segment := range []string{"", ".", ".."} {
		for _, path := range []pingone.Path{{segment}, {"users", segment}, {segment, "users"}} {
			if got, err := path.Escape(); !errors.Is(err, pingone.ErrBadPath) || got != "" {
				t.Errorf("%q: %q, %v, want ErrBadPath", path, got, err)
			}
		}
	}
}

// FuzzPath: whatever an id is, it stays one segment, and the other side reads it back.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"u1", "", ".", "..", "../x", "a/b", "%2f", "?#", "\x00", "é", "\xff", "//host", "a;b"} {
		f.Add(s, "d1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		escaped, err := pingone.Path{"users", a, "devices", b}.Escape()
		if err != nil {
			for _, s := range []string{a, b} {
				if s == "" || s == "." || s == ".." {
					return
				}
			}
			t.Fatalf("%q and %q are refused: %v", a, b, err)
		}
		u, err := url.Parse("https://api.example/v1/environments/e1" + escaped)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != "api.example" || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%q leaves its path: %v", escaped, u)
		}
		segments := strings.Split(u.EscapedPath(), "/")[4:]
		var read []string
		for _, s := range segments {
			raw, err := url.PathUnescape(s)
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, raw)
		}
		if want := []string{"users", a, "devices", b}; !slices.Equal(read, want) {
			t.Fatalf("read back %q, want %q", read, want)
		}
		if joined := u.JoinPath().EscapedPath(); joined != u.EscapedPath() {
			t.Fatalf("cleaning the path changes %q to %q", u.EscapedPath(), joined)
		}
	})
}

func TestErrorOf(t *testing.T) {
	t.Parallel()
	envelope := `{"id": "e1", "code": "INVALID_DATA", "message": "m", "details": [{"code": "INVALID_OTP", "target": "otp", "message": "Wrong OTP was provided", "innerError": {"attemptsRemaining": 2}}]}`
	for _, c := range []struct {
		status    int
		body      string
		top, code string // "" is no error
	}{
		{200, `{"id": "x"}`, "", ""},
		{204, "", "", ""},
		{400, envelope, "INVALID_DATA", "INVALID_OTP"},
		{400, `{"code": "INVALID_REQUEST", "message": "m"}`, "INVALID_REQUEST", "INVALID_REQUEST"},
		{400, `{"code": "A", "details": [{"message": "no code"}]}`, "A", "A"},
		{400, "", "REQUEST_FAILED", "REQUEST_FAILED"},
		{404, "<html>", "NOT_FOUND", "NOT_FOUND"},
		{429, `{}`, "REQUEST_LIMITED", "REQUEST_LIMITED"},
		{503, `"down"`, "UNAVAILABLE", "UNAVAILABLE"},
	} {
		e := pingone.ErrorOf(pingone.Response{Status: c.status, Body: json.RawMessage(c.body)})
		if c.code == "" {
			if e != nil {
				t.Errorf("%d: %v, want none", c.status, e)
			}
			continue
		}
		if e == nil || e.Code != c.top || e.FirstCode() != c.code || e.Status != c.status {
			t.Errorf("%d %s: %+v, want %s, %s", c.status, c.body, e, c.top, c.code)
		}
		if !strings.HasPrefix(e.Error(), c.code+": ") {
			t.Errorf("text %q does not begin with the code", e.Error())
		}
	}
	e := pingone.ErrorOf(pingone.Response{Status: http.StatusBadRequest, Body: json.RawMessage(envelope)})
	if e.Details[0].InnerError["attemptsRemaining"] != 2.0 {
		t.Errorf("innerError %v", e.Details[0].InnerError)
	}
}

func TestMediaType(t *testing.T) {
	t.Parallel()
	if got, want := pingone.MediaType("otp.check"), "application/vnd.pingidentity.otp.check+json"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
