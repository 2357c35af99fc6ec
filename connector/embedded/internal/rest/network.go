package rest

import "net/netip"

// Network names the network of an address as far as it tells places apart: /24 of IPv4,
// /48 of IPv6.
func Network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil { // an address that is none has no prefix
		return ""
	}
	return p.String()
}
