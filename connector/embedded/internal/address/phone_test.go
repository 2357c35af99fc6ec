package address_test

import (
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
)

func TestValidPhone(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"+1.5125551234", "+15125551234", "+1.512.555.1234", "+1 (512) 555-1234", "+972.547339044", "+11235557890",
		"+1.1234", "+12345", "+123.12345678901234", "+12345678901234567", "+44 7911 123456", "+1(512)5551234",
	} {
		if !address.ValidPhone(good) {
			t.Errorf("%q was refused", good)
		}
	}
	for _, bad := range []string{
		"", "+", "5125551234", "0501234567", "00972547339044", "+0.5125551234", "+1.123", "+1234", "+123.123456789012345",
		"+123456789012345678", "+1..5125551234", "+1 5125551234 ", " +15125551234", "+1-512-CALL-NOW", "+1 (512 5551234",
		"+1 512) 5551234", "+1.512555\n1234", "+15125551234\r\nBcc: x", "+١٥١٢٥٥٥١٢٣٤", "+1,5125551234", "++15125551234",
		"+1" + strings.Repeat(".5", 30),
	} {
		if address.ValidPhone(bad) {
			t.Errorf("%q was taken", bad)
		}
	}
	if got := address.Digits("+1 (512) 555-1234"); got != "15125551234" {
		t.Errorf("digits %q", got)
	}
}

func TestValidExtension(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"313#": true, "1,22*": true, "0": true, "": false, "x": false, "1 2": false, "1;2": false, strings.Repeat("1", 33): false,
	} {
		if got := address.ValidExtension(in); got != want {
			t.Errorf("%q: %t", in, got)
		}
	}
}
