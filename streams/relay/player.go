package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"sharpeyes/streams"
)

// player is the goroutine that sends to one reader.
type player struct {
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// start begins to send. End closes the connection when the stream does.
func (c *connection) start(ctx context.Context, end context.CancelFunc) {
	if c.player != nil {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	p := &player{stop: stop}
	c.player = p
	c.heard.Store(time.Now().UnixNano())
	c.reader.Play()
	c.server.stats.playing.Add(1)
	// The goroutine has its own view: serve may drop the reader while a write is still under way.
	reader, tracks, key := c.reader, c.tracks, c.key
	p.wg.Go(func() {
		defer c.server.stats.playing.Add(-1)
		err := c.play(ctx, reader, tracks)
		if ctx.Err() != nil {
			return // paused, or the reader left
		}
		level := c.server.o.Log.Debug
		if errors.Is(err, streams.ErrBehind) {
			level = c.server.o.Log.Warn
		}
		level("a reader was sent away", "remote", c.remote, "channel", key.Channel, "profile", key.Profile, "reason", err)
		end()
	})
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
	}
}

// play hands what waits in the reader's queue to the kernel, in as few calls as it can.
func (c *connection) play(ctx context.Context, reader *streams.Reader, tracks []track) error {
	var (
		skipped uint64 // told so far
		units   []*streams.Unit
		bufs    [][]byte
		scratch []byte
		err     error
	)
	// A reader's losses are told as they come, and once more when it has gone in the middle of a write.
	count := func() {
		if n := reader.Skipped(); n != skipped {
			c.server.stats.skipped.Add(int64(n - skipped))
			skipped = n
		}
	}
	defer count()
	for {
		units, err = reader.Next(ctx, units[:0])
		count()
		if err != nil {
			return err
		}
		bufs, scratch = bufs[:0], scratch[:0]
		sent := 0
		for _, u := range units {
			t := tracks[u.Track]
			switch {
			case !t.setUp:
				continue
			case t.udp:
				c.sendUDP(t, u)
			case t.channel == 2*u.Track:
				bufs = append(bufs, u.Interleaved())
			default:
				start := len(scratch)
				scratch = readdress(scratch, u, t.channel)
				bufs = append(bufs, scratch[start:])
			}
			sent += u.Size()
		}
		clear(units)
		if len(bufs) > 0 {
			if err := c.send(bufs...); err != nil {
				return err
			}
			clear(bufs)
		}
		c.server.stats.bytes.Add(int64(sent))
	}
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

// sendUDP sends the packets one by one. An error concerns this reader alone, and is as good as a
// lost packet: who is gone is found by its silence.
func (c *connection) sendUDP(t track, u *streams.Unit) {
	socket, to := c.udp.rtp, t.rtp
	if u.Control {
		socket, to = c.udp.rtcp, t.rtcp
	}
	for raw := range u.Packets() {
		socket.WriteToUDPAddrPort(raw, to)
	}
}
