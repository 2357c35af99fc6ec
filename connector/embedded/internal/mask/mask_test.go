package mask_test

import (
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/mask"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"joe.smith@pingidentity.com": "j****@pingidentity.com",
		"j@x.org":                    "j****@x.org",
		"änne@münchen.de":            "ä****@münchen.de",
		`"a@b"@example.com`:          `"****@example.com`,
		"@x.org":                     "****@x.org",
	} {
		if got := mask.Email(in); got != want {
			t.Errorf("Email(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"+1.5125551244":      "*******44",
		"+1 (512) 555-12 07": "*******07",
		"44":                 "*******",
		"":                   "*******",
	} {
		if got := mask.Phone(in); got != want {
			t.Errorf("Phone(%q) = %q, want %q", in, got, want)
		}
	}
}
