package passkey_test

import (
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// TestAndroidLists judges where an Android key says that it was generated and what it is
// for. Rules for known authenticators believe the trusted hardware's list only; a key that
// it vouches for gets to their search for metadata.
func TestAndroidLists(t *testing.T) {
	t.Parallel()
	generated, imported := tagged(t, 702, mustASN1(t, 0)), tagged(t, 702, mustASN1(t, 2))
	sign := tagged(t, 1, []byte{0x31, 3, 2, 1, 2})
	signAndVerify := tagged(t, 1, []byte{0x31, 6, 2, 1, 2, 2, 1, 3})
	shared := tagged(t, 600, []byte{5, 0})
	whole := slices.Concat(sign, generated)
	const no, unknown = "7.1.19", "7.1.20"
	for name, c := range map[string]struct {
		trusted, software []byte
		plain, restricted string
	}{
		"trusted":                    {whole, nil, "", unknown},
		"software":                   {nil, whole, "", no},
		"both":                       {whole, whole, "", unknown},
		"one in each":                {generated, sign, "", no},
		"nothing":                    {nil, nil, no, no},
		"no origin":                  {sign, sign, no, no},
		"no purpose":                 {generated, generated, no, no},
		"imported":                   {slices.Concat(sign, imported), nil, no, no},
		"imported, says software":    {slices.Concat(sign, imported), whole, no, no},
		"for more, says software":    {whole, slices.Concat(signAndVerify, generated), no, unknown},
		"of all applications":        {slices.Concat(whole, shared), nil, no, no},
		"of all, says software":      {whole, slices.Concat(whole, shared), no, no},
		"software's is no list":      {whole, []byte{0xff}, no, no},
		"the same tag twice in list": {slices.Concat(whole, generated), nil, no, no},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, e := newMint(t), expect()
			android(t, m, func(p *androidParts) { p.trusted, p.software = c.trusted, c.software })
			_, err := passkey.Register(e, origin, m.attestation(t))
			judge(t, err, c.plain)
			e.Rules.Authenticators.Option = passkey.Global
			_, err = passkey.Register(e, origin, m.attestation(t))
			judge(t, err, c.restricted)
		})
	}
}
