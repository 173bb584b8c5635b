package web

import (
	"net/netip"
)

// Network names what one household or one phone has, for limits: an IPv4 address, or the first half of an IPv6 one,
// of which a subscriber draws as many addresses as wished.
func Network(a netip.Addr) string { return prefixed(a, 32, 64) }

// Area names what one organisation or one operator's customer has at most, for limits on what everybody shares: the
// /24 of an IPv4 address, the /48 of an IPv6 one.
func Area(a netip.Addr) string { return prefixed(a, 24, 48) }

func prefixed(a netip.Addr, four, six int) string {
	a = a.Unmap().WithZone("")
	bits := four
	if a.Is6() {
		bits = six
	}
	p, err := a.Prefix(bits)
	if err != nil || bits == a.BitLen() {
		return a.String()
	}
	return p.String()
}
