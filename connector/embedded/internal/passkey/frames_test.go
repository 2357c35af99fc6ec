package passkey_test

import (
	"fmt"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// TestFrames judges what client data say of a page in a page, where one origin may frame.
func TestFrames(t *testing.T) {
	t.Parallel()
	const top = "https://portal.example"
	for i, c := range []struct {
		cross, top any
		at         int // 0: in both ceremonies accepted; 1: crossOrigin, 2: topOrigin refused
	}{
		{false, nil, 0}, {nil, nil, 0}, {true, nil, 0}, {true, top, 0},
		{"true", top, 1}, {1, nil, 1}, {[]bool{true}, top, 1},
		{false, top, 2}, {nil, top, 2}, {true, origin, 2}, {true, top + "/", 2}, {true, "", 2}, {true, []string{top}, 2}, {true, 1, 2},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			m := newMint(t)
			m.client = func(words map[string]any) { words["crossOrigin"], words["topOrigin"] = c.cross, c.top }
			e := expect(func(e *passkey.Expect) { e.TopOrigins = []string{top} })
			_, err := passkey.Register(e, origin, m.attestation(t))
			judge(t, err, []string{"", "7.1.7", "7.1.8"}[c.at])
			_, err = passkey.Assert(e, m.credential(), owner, origin, m.assertion(t))
			judge(t, err, []string{"", "7.2.8", "7.2.9"}[c.at])
		})
	}
}
