package flows_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// TestLibraryScreens holds the library to what is promised of it: fields and actions.
func TestLibraryScreens(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"register":          "email password username: submit cancel-",
		"username-password": "password username: submit cancel-",
		"username":          "username: submit cancel-",
		"password":          "password: submit cancel-",
		"method-list":       "method: submit skip- cancel-",
		"phone":             "phone: submit cancel-",
		"email":             "email: submit cancel-",
		"otp":               "otp: submit resend- change_device- cancel-",
		"totp-setup":        "otp: submit cancel-",
		"passkey-create":    "attestation origin: submit failed- change_device- cancel-",
		"passkey":           "assertion origin: submit failed- change_device- cancel-",
		"pairing":           ": refresh- change_device- cancel-",
		"new-password":      "password: submit cancel-",
		"nickname":          "nickname: submit skip- cancel-",
		"device-list":       "deviceId: submit cancel-",
		"choose-target":     "email phone type: submit cancel-",
		"push-wait":         ": use_code- change_device- cancel-",
		"push-timeout":      ": resend- use_code- change_device- cancel-",
		"qr":                ": refresh- cancel-",
		"message":           ": continue-",
	}
	got := map[string]string{}
	for name, s := range flows.LibraryScreens() {
		fields, _ := s.Form.Doc["properties"].(map[string]any)
		var actions []string
		for _, a := range s.Actions {
			mark := ""
			if !a.Form {
				mark = "-"
			}
			actions = append(actions, a.ID+mark)
		}
		got[name] = strings.Join(slices.Sorted(maps.Keys(fields)), " ") + ": " + strings.Join(actions, " ")
		for _, in := range s.With {
			if in.Schema.Doc["description"] == nil {
				t.Errorf("%s: the member %s is not described", name, in.Name)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("screens (-want +got):\n%s", diff)
	}
}

func TestFormsOfTheLibrary(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		screen string
		form   map[string]any
		want   string // keywords of the violations
	}{
		{"otp", map[string]any{"otp": "123456"}, ""},
		{"otp", map[string]any{"otp": "1234567890"}, ""},
		{"otp", map[string]any{"otp": " 123456"}, "pattern"},
		{"otp", map[string]any{"otp": "123456\n"}, "pattern"},
		{"otp", map[string]any{"otp": "123\x00456"}, "pattern"},
		{"otp", map[string]any{"otp": "+123456"}, "pattern"},
		{"otp", map[string]any{"otp": "１２３４５６"}, "pattern"},
		{"otp", map[string]any{"otp": "١٢٣٤٥٦"}, "pattern"},
		{"otp", map[string]any{}, "required"},
		{"otp", map[string]any{"otp": "123456", "more": 1}, "additionalProperties"},
		{"username-password", map[string]any{"username": "ben", "password": long(256)}, ""},
		{"username-password", map[string]any{"username": "ben", "password": long(257)}, "maxLength"},
		{"username-password", map[string]any{"username": "", "password": "x"}, "minLength"},
		{"username-password", map[string]any{"username": long(129), "password": "x"}, "maxLength"},
		{"register", map[string]any{"username": "ben", "email": "no address", "password": "long enough"}, "format"},
		{"phone", map[string]any{"phone": "+1 (512) 555-1234"}, ""},
		{"phone", map[string]any{"phone": "call me"}, "pattern"},
		{"nickname", map[string]any{"nickname": ""}, ""},
		{"message", map[string]any{}, ""},
	} {
		var got []string
		for _, v := range flows.LibraryScreens()[c.screen].Form.Validate(c.form) {
			got = append(got, v.Keyword)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %v: violations %v, want %q", c.screen, c.form, got, c.want)
		}
	}
	if got := flows.LibraryScreens()["register"].Secret; !slices.Equal(got, []string{"password"}) {
		t.Errorf("secret fields of register: %v", got)
	}
}

func TestLibraryMessage(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "en-GB", "xx", ""} {
		if got, ok := flows.LibraryMessage(locale, "otp.invalid"); !ok || got != "That code is not right." {
			t.Errorf("otp.invalid in %q: %q", locale, got)
		}
	}
}
