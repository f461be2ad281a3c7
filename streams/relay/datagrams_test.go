package relay

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
)

func listen(t testing.TB) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetReadBuffer(1 << 20)
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func packets(sizes ...int) *streams.Unit {
	u := streams.NewUnit(0, false, 0)
	for i, n := range sizes {
		u.Append(bytes.Repeat([]byte{byte(i)}, n))
	}
	return u
}

// TestDatagramsKeepTheirBounds sends units of packets of all kinds of sizes, with the kernel's help
// and without, and wants each packet by itself.
func TestDatagramsKeepTheirBounds(t *testing.T) {
	out, _ := listen(t)
	in, to := listen(t)
	many := make([]int, 70)
	for i := range many {
		many[i] = 100
	}
	for _, plain := range []bool{false, true} {
		ports := &ports{rtp: out, rtcp: out}
		ports.plain.Store(plain)
		var st stats
		d := datagrams{ports: ports, stats: &st}
		for _, sizes := range [][]int{
			{10}, {20, 5, 1400, 1400, 1400, 200}, {100, 100, 100}, {1, 2, 3}, {3, 2, 1}, {1400, 1400, 9000, 9000, 8},
			{30000, 30000, 1}, {1, 65000, 1}, many,
		} {
			d.send(context.Background(), &track{rtp: to}, packets(sizes...))
			buf := make([]byte, 1<<16)
			for i, want := range sizes {
				in.SetReadDeadline(time.Now().Add(5 * time.Second))
				n, err := in.Read(buf)
				if err != nil || n != want || buf[0] != byte(i) {
					t.Fatalf("plain %v, sizes %v: packet %d has %d bytes of %d, %v", plain, sizes, i, n, buf[0], err)
				}
			}
		}
		d.send(context.Background(), &track{rtp: to}, packets(65530, 10))
		if st.udpErrors.Load() != 1 || st.udpTooLong.Load() != 1 {
			t.Errorf("plain %v: %d errors, %d too long, want one that is both", plain, st.udpErrors.Load(), st.udpTooLong.Load())
		}
		if n, err := in.Read(make([]byte, 100)); n != 10 {
			t.Errorf("the packet after it: %d bytes, %v", n, err)
		}
	}
}

// TestDatagramsAreSpread: a burst goes out at once, what is more at a rate that a socket bears.
func TestDatagramsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d datagrams
		began := time.Now()
		d.wait(t.Context(), udpBurst)
		if took := time.Since(began); took != 0 {
			t.Errorf("the burst waited for %v", took)
		}
		for range 64 { // half a second's worth
			d.wait(t.Context(), udpBurst)
		}
		if took := time.Since(began); took < 490*time.Millisecond || took > 510*time.Millisecond {
			t.Errorf("%v, want half a second", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began = time.Now()
		d.wait(ctx, udpBurst)
		if took := time.Since(began); took != 0 {
			t.Errorf("waited for %v although the reader has gone", took)
		}
	})
}

// BenchmarkDatagrams is a picture of 8 packets over UDP, with the kernel's help and without.
func BenchmarkDatagrams(b *testing.B) {
	for _, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("plain=%v", plain), func(b *testing.B) {
			out, _ := listen(b)
			_, to := listen(b)
			ports := &ports{rtp: out, rtcp: out}
			ports.plain.Store(plain)
			d := datagrams{ports: ports, stats: &stats{}}
			u := packets(1400, 1400, 1400, 1400, 1400, 1400, 1400, 700)
			b.ReportAllocs()
			for b.Loop() {
				d.left, d.at = udpBurst, time.Now()
				d.send(context.Background(), &track{rtp: to}, u)
			}
		})
	}
}
