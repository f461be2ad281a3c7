package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"sharpeyes/streams"
)

// player sends to one reader, from a goroutine of its own that takes whatever waits in the reader's
// queue, and, as long as nothing waits there, straight from the goroutine that delivers.
type player struct {
	c      *connection
	reader *streams.Reader
	tracks []track // serve may give up the connection's while a write is still under way
	stop   context.CancelFunc
	wg     sync.WaitGroup

	units []*streams.Unit
	bufs  [][]byte
	moved []byte // frames with other channels than the pull's
	udp   datagrams
	short []byte // the same, for the delivering goroutine; guarded by the outlet's lock
}

// keepMoved is the bytes of a buffer that is worth keeping.
const keepMoved = 64 << 10

// newPlayer lets the stream begin, and holds the units that are there at once. The short way to the
// reader is not opened yet: nothing may go out before the answer.
func newPlayer(c *connection) *player {
	p := &player{c: c, reader: c.reader, tracks: c.tracks, udp: datagrams{ports: c.ports, stats: &c.server.stats}}
	p.reader.Play()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	p.units, _ = p.reader.Next(now, nil) // an error comes again
	return p
}

// start sends the answer with what is there, and begins to send the rest. End closes the connection
// when the stream does.
func (p *player) start(ctx context.Context, end context.CancelFunc, answer []byte) error {
	c := p.c
	ctx, p.stop = context.WithCancel(ctx)
	c.player = p
	if c.ports != nil {
		c.ports.hear()
	}
	c.server.stats.playing.Add(1)
	if err := p.send(ctx, answer); err != nil {
		c.server.stats.playing.Add(-1)
		return err
	}
	p.reader.Direct(p.offer)
	p.wg.Go(func() {
		defer c.server.stats.playing.Add(-1)
		if err := p.run(ctx); ctx.Err() == nil { // else paused, or the reader left
			p.failed(err)
			end()
		}
	})
	return nil
}

// failed tells why sending has ended.
func (p *player) failed(err error) {
	switch {
	case errors.Is(err, streams.ErrBehind):
		p.c.away(Behind, err)
	case !gone(err) && !p.c.out.stuck.Load(): // serve tells of that
		p.c.away(Ended, err)
	}
}

// pause stops sending and waits until the last write is done: half a frame would be the end of the
// connection.
func (c *connection) pause() {
	if c.player == nil {
		return
	}
	c.player.stop()
	c.player.wg.Wait()
	c.player = nil
	if c.reader != nil {
		c.reader.Pause()
		c.reader.Direct(nil) // the next player has its own, later
	}
}

func (p *player) run(ctx context.Context) error {
	var skipped uint64 // told so far
	// A reader's losses are told as they come, and once more when it has gone in the middle of a write.
	count := func() {
		if n := p.reader.Skipped(); n != skipped {
			p.c.server.stats.skipped.Add(int64(n - skipped))
			skipped = n
		}
	}
	defer count()
	for {
		var err error
		p.units, err = p.reader.Next(ctx, p.units[:0])
		count()
		if err != nil {
			return err
		}
		if err := p.send(ctx, nil); err != nil {
			return err
		}
	}
}

// send hands the lead and then the units to the kernel, in as few calls as it can. With neither it
// sees to what offer left.
func (p *player) send(ctx context.Context, lead []byte) error {
	p.bufs, p.moved = p.bufs[:0], p.moved[:0]
	if len(lead) > 0 {
		p.bufs = append(p.bufs, lead)
	}
	udp, sent := false, 0
	for _, u := range p.units {
		t := p.track(u)
		switch {
		case t == nil:
			continue
		case t.udp:
			udp = true
		case t.channel == 2*u.Track:
			p.bufs = append(p.bufs, u.Interleaved())
		default:
			start := len(p.moved)
			p.moved = readdress(p.moved, u, t.channel)
			p.bufs = append(p.bufs, p.moved[start:])
		}
		sent += u.Size()
	}
	if len(p.bufs) > 0 || len(p.units) == 0 {
		err := p.c.out.write(p.bufs...)
		clear(p.bufs)
		if err != nil {
			clear(p.units)
			return err
		}
	}
	if udp { // after the answer
		for _, u := range p.units {
			if t := p.track(u); t != nil && t.udp {
				p.udp.send(ctx, t, u)
			}
		}
	}
	clear(p.units)
	if cap(p.moved) > keepMoved {
		p.moved = nil
	}
	p.c.server.stats.bytes.Add(int64(sent))
	return nil
}

// track is how the unit goes to the reader; nil when it doesn't.
func (p *player) track(u *streams.Unit) *track {
	if u.Track < len(p.tracks) && p.tracks[u.Track].setUp {
		return &p.tracks[u.Track]
	}
	return nil
}

// offer hands a unit to the kernel if it takes it now. It is called by the goroutine that delivers,
// while run waits for units.
func (p *player) offer(u *streams.Unit) streams.Taken {
	t := p.track(u)
	if t == nil {
		return streams.Took
	}
	if t.udp || !p.c.out.ready() {
		return streams.Refused
	}
	b := u.Interleaved()
	if t.channel != 2*u.Track {
		p.short = readdress(p.short[:0], u, t.channel)
		b = p.short
	}
	took, left := p.c.out.try(b)
	if !took {
		return streams.Refused
	}
	p.c.server.stats.bytes.Add(int64(len(b)))
	if left {
		return streams.TookPart
	}
	return streams.Took
}

// readdress appends the unit's frames with the channel that the reader asked for.
func readdress(b []byte, u *streams.Unit, channel int) []byte {
	if u.Control {
		channel++
	}
	for raw := range u.Packets() {
		b = append(b, '$', byte(channel), 0, 0)
		binary.BigEndian.PutUint16(b[len(b)-2:], uint16(len(raw)))
		b = append(b, raw...)
	}
	return b
}
