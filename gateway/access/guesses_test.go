package access

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestGuessesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesses[netip.Prefix](100, 2, time.Second)
		addr := netip.MustParseAddr("192.0.2.1")
		g.take(network(addr))
		g.take(network(addr))
		if g.take(network(addr)) == 0 {
			t.Fatal("a third at once")
		}
		other := netip.MustParseAddr("198.51.100.1")
		for range 1000 {
			time.Sleep(time.Millisecond)
			g.take(network(addr)) // stays the busiest
			g.take(network(other))
			if len(g.seen) > 100 {
				t.Fatalf("%d addresses are remembered", len(g.seen))
			}
			other = other.Next()
		}
		if g.take(network(addr)) > time.Second {
			t.Error("waits longer than one refill")
		}
		time.Sleep(time.Minute)
		g.take(network(netip.MustParseAddr("203.0.113.9")))
		if len(g.seen) != 1 {
			t.Errorf("%d addresses after a quiet minute", len(g.seen))
		}
	})
}

func TestOneHostOneAsker(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"fe80::1%eth0", "fe80::1%eth1", true},
	} {
		if same := network(netip.MustParseAddr(c.a)) == network(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s and %s: same %v", c.a, c.b, same)
		}
	}
}

func TestVerifiedIsBounded(t *testing.T) {
	v := newVerified(10, time.Minute)
	for i := range 100 {
		v.add(User{Name: string(rune('a' + i))}, "x")
	}
	if len(v.until) > 10 {
		t.Errorf("%d are remembered", len(v.until))
	}
	if !v.has(User{Name: string(rune('a' + 99))}, "x") {
		t.Error("the last one isn't")
	}
	if v.has(User{Name: string(rune('a' + 99))}, "y") || v.has(User{Name: string(rune('a' + 99)), Hash: []byte("new")}, "x") {
		t.Error("another password or another hash is taken for it")
	}
}
