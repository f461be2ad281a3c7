package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"sharpeyes/streams"
)

// A reader's socket holds some 200 kB. Who joins late is sent a whole GOP at once, and a keyframe
// alone may be larger, so what goes over UDP is spread out a little.
const (
	udpBurst = 64 << 10 // bytes that go out at once
	udpRate  = 8 << 20  // bytes/s of what is more
)

// maxRun is the bytes and the packets of one call: UDP's own bound, and the kernel's.
const (
	maxRunBytes   = 60_000
	maxRunPackets = 64
)

// datagrams sends one reader's packets over UDP. An error concerns this reader alone, and is as good
// as a lost packet: who is gone is found by its silence.
type datagrams struct {
	ports *ports
	stats *stats
	run   []byte // packets of one size, but for the last, which may be shorter
	n     int
	size  int       // of the first
	oob   []byte    // the kernel's instruction
	left  float64   // bytes that may go out at once
	at    time.Time // of left
}

// send sends the unit to where the track goes.
func (d *datagrams) send(ctx context.Context, t *track, u *streams.Unit) {
	socket, to := d.ports.rtp, t.rtp
	if u.Control {
		socket, to = d.ports.rtcp, t.rtcp
	}
	for p := range u.Packets() {
		if d.n > 0 && (len(p) > d.size || len(d.run)%d.size != 0 || d.n == maxRunPackets || len(d.run)+len(p) > maxRunBytes) {
			d.flush(ctx, socket, to)
		}
		if d.n == 0 {
			d.size = max(len(p), 1)
		}
		d.run = append(d.run, p...)
		d.n++
	}
	d.flush(ctx, socket, to)
}

// flush sends the run.
func (d *datagrams) flush(ctx context.Context, socket *net.UDPConn, to netip.AddrPort) {
	if d.n == 0 {
		return
	}
	run, n := d.run, d.n
	d.run, d.n = d.run[:0], 0
	d.wait(ctx, len(run))
	if n > 1 && !d.ports.plain.Load() && d.segmented(socket, to, run) {
		return
	}
	for len(run) > 0 {
		end := min(d.size, len(run))
		_, err := socket.WriteToUDPAddrPort(run[:end], to)
		d.fail(err)
		run = run[end:]
	}
}

// wait spreads what is more than a burst.
func (d *datagrams) wait(ctx context.Context, n int) {
	d.refill()
	if lack := float64(n) - d.left; lack > 0 {
		pause := time.NewTimer(time.Duration(lack / udpRate * float64(time.Second)))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		d.refill()
	}
	d.left -= float64(n)
}

func (d *datagrams) refill() {
	now := time.Now()
	d.left = min(d.left+now.Sub(d.at).Seconds()*udpRate, udpBurst)
	d.at = now
}

func (d *datagrams) fail(err error) {
	if err == nil || errors.Is(err, net.ErrClosed) { // the reader has just left
		return
	}
	d.stats.udpErrors.Add(1)
	if errors.Is(err, syscall.EMSGSIZE) {
		d.stats.udpTooLong.Add(1)
	}
}
