package web_test

import (
	"net/netip"
	"testing"

	"parvis/internal/base/web"
)

func TestNetworksOfAddresses(t *testing.T) {
	for from, want := range map[string][2]string{
		"192.0.2.9":              {"192.0.2.9", "192.0.2.0/24"},
		"::ffff:192.0.2.9":       {"192.0.2.9", "192.0.2.0/24"},
		"2001:db8:1:1::9":        {"2001:db8:1:1::/64", "2001:db8:1::/48"},
		"2001:db8:1:1:8000::1%x": {"2001:db8:1:1::/64", "2001:db8:1::/48"},
		"2001:db8:1:2::9":        {"2001:db8:1:2::/64", "2001:db8:1::/48"},
	} {
		a := netip.MustParseAddr(from)
		if got := [2]string{web.Network(a), web.Area(a)}; got != want {
			t.Errorf("%s: %v, want %v", from, got, want)
		}
	}
}
