package server

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"testing"
)

// Bytes are taken freely up to the limit; beyond it each address has an equal part. 0 is off.
func TestBytesBeyondTheLimitAreSharedEqually(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	for name, c := range map[string]struct {
		limit, share, a, b int64
		want               error // of b, after a
	}{
		"below the limit, above a part": {100, 0, 40, 55, nil},
		"just the limit":                {100, 0, 40, 60, nil},
		"beyond, and an equal part":     {100, 0, 60, 50, nil},
		"beyond, and more":              {100, 0, 60, 51, errCrowd},
		"no limit":                      {0, 0, 60, 1 << 40, nil},
		"just the share":                {0, 50, 50, 50, nil},
		"more than the share":           {0, 50, 50, 51, errShare},
	} {
		p := &bytePool{limit: c.limit, share: c.share, usedBy: map[netip.Prefix]int64{}}
		if err := p.reserve(a, c.a); err != nil {
			t.Errorf("%s: the first: %v", name, err)
		}
		if err := p.reserve(b, c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// The end of a body counts no byte, so that it is not refused when others came meanwhile.
func TestEndOfABodyIsNotRefused(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	p := &bytePool{limit: 100, usedBy: map[netip.Prefix]int64{}}
	if err := errors.Join(p.reserve(a, 60), p.reserve(b, 50)); err != nil {
		t.Fatal(err)
	}
	body := &meteredBody{ReadCloser: http.NoBody, pool: p, addr: a}
	if n, err := body.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("the end of a body over the limit: got %d bytes and %v, want 0 and io.EOF", n, err)
	}
}
