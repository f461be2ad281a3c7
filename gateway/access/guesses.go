package access

import (
	"net/netip"
	"sync"
	"time"
)

// guesses slows those who try passwords: each address, or each name, may be wrong burst times at once, and then
// once every refill. It counts before the password is checked and gives back when it was right, so
// that parallel attempts can't slip through between the check and the count. The table is
// bounded; when full, the address that was quiet longest is forgotten.
type guesses[K comparable] struct {
	max    int
	burst  float64
	refill time.Duration

	mu   sync.Mutex
	seen map[K]bucket
}

type bucket struct {
	left float64 // attempts
	at   time.Time
}

func newGuesses[K comparable](size int, burst float64, refill time.Duration) *guesses[K] {
	return &guesses[K]{max: size, burst: burst, refill: refill, seen: make(map[K]bucket)}
}

// take counts one attempt, or says how long it must wait for its next.
func (g *guesses[K]) take(who K) time.Duration {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	b, ok := g.seen[who]
	if !ok {
		g.makeRoom(now)
		b = bucket{left: g.burst}
	} else {
		b = g.filled(b, now)
	}
	if b.left < 1 {
		g.seen[who] = bucket{left: b.left, at: now}
		return time.Duration((1 - b.left) * float64(g.refill))
	}
	g.seen[who] = bucket{left: b.left - 1, at: now}
	return 0
}

// giveBack undoes one take.
func (g *guesses[K]) giveBack(who K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b, ok := g.seen[who]
	if !ok {
		return
	}
	b.left++
	if b.left >= g.burst {
		delete(g.seen, who)
		return
	}
	g.seen[who] = b
}

func (g *guesses[K]) filled(b bucket, now time.Time) bucket {
	return bucket{left: min(g.burst, b.left+float64(now.Sub(b.at))/float64(g.refill)), at: now}
}

// makeRoom forgets those that are as good as new, and if there is none, the quietest.
func (g *guesses[K]) makeRoom(now time.Time) {
	if len(g.seen) < g.max {
		return
	}
	var quietest K
	var since time.Time
	for who, b := range g.seen {
		if g.filled(b, now).left >= g.burst {
			delete(g.seen, who)
			continue
		}
		if since.IsZero() || b.at.Before(since) {
			quietest, since = who, b.at
		}
	}
	if len(g.seen) >= g.max {
		delete(g.seen, quietest)
	}
}

// network is what counts as one asker: an IPv4 address, or the /64 that one IPv6 host is given.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // the zero address gives the zero prefix: all unknown ones are one
	return p
}
