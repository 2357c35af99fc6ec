package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how far a forwarding header is read.
const maxHops = 32

// clientIP is the address that rate limits and flows see: the peer of the connection,
// or, when that is a configured proxy, the last address in X-Forwarded-For that is not
// one. Anything else a client sends is not believed (security A-12, ASVS 4.1.3).
func (s *Server) clientIP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := peer.Addr().Unmap().WithZone("")
	if !s.trusted(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= max(0, len(hops)-maxHops); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what a trusted proxy did not write cannot be built on
		}
		if client = hop.Unmap().WithZone(""); !s.trusted(client) {
			break
		}
	}
	return client
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.opt.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
