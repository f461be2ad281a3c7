package api

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/streams"
	"sharpeyes/streams/live"
)

const (
	// behindMost is how old a unit may be when its turn comes; then the reader skips to the newest
	// keyframe.
	behindMost = time.Second
	// sendBuffer is the bytes that the kernel holds for one browser: what waits there can't be
	// skipped any more. It carries 10 Mbit/s over 200 ms.
	sendBuffer = 256 << 10
)

// liveCounts is what all browsers together got.
type liveCounts struct {
	readers, bytes, skipped atomic.Int64
}

// Collectors are the metrics of the API itself.
func (a *API) Collectors() []prometheus.Collector {
	of := func(n *atomic.Int64) func() float64 { return func() float64 { return float64(n.Load()) } }
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sharpeyes_live_readers", Help: "Browsers that watch a stream.",
		}, of(&a.live.readers)),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "sharpeyes_live_sent_bytes_total", Help: "Bytes sent to browsers.",
		}, of(&a.live.bytes)),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "sharpeyes_live_skipped_units_total", Help: "Access units and packets that browsers lost because they could not keep up.",
		}, of(&a.live.skipped)),
	}
}

// browser is one WebSocket that a stream is sent over.
type browser struct {
	ws     *websocket.Conn
	reader *streams.Reader
	muxer  *live.Muxer
	counts *liveCounts
}

// play sends until ctx or the stream ends, or the browser is gone or takes too long.
func (b *browser) play(ctx context.Context) error {
	if c, ok := buffered(b.ws.NetConn()); ok {
		_ = c.SetWriteBuffer(sendBuffer) // with another buffer it works as well, only later
	}
	past, end := context.WithCancel(context.Background())
	end()
	var (
		units []*streams.Unit
		lost  uint64
		err   error
	)
	b.reader.Play()
	for {
		if units, err = b.reader.Next(ctx, units[:0]); err != nil {
			return err
		}
		if len(units) == 0 {
			continue
		}
		if n := b.reader.Skipped(); n != lost {
			b.counts.skipped.Add(int64(n - lost))
			lost = n
		}
		next := units
		if time.Since(units[0].At) > behindMost {
			units = b.rest(past, units)
			i := newest(units, b.muxer)
			b.counts.skipped.Add(int64(i))
			next = units[i:]
		}
		for _, u := range next {
			for _, s := range b.muxer.Unit(u) {
				if err := b.send(s); err != nil {
					return err
				}
			}
		}
		clear(units)
	}
}

// rest appends all that waits; past is a context that has ended.
func (b *browser) rest(past context.Context, units []*streams.Unit) []*streams.Unit {
	for {
		more, err := b.reader.Next(past, units)
		if err != nil || len(more) == len(units) {
			return more
		}
		units = more
	}
}

// newest is the index of the newest keyframe of the video, or of the sender reports right before it;
// 0 when there is none.
func newest(units []*streams.Unit, m *live.Muxer) int {
	track, ok := m.VideoTrack()
	for i := len(units) - 1; ok && i > 0; i-- {
		if u := units[i]; u.Keyframe && u.Track == track && !u.Control {
			for i > 0 && units[i-1].Control {
				i--
			}
			return i
		}
	}
	return 0
}

func (b *browser) send(s live.Segment) error {
	if s.MIME != "" {
		text, err := json.Marshal(map[string]string{"mime": s.MIME})
		if err != nil {
			return err
		}
		if err := b.write(websocket.TextMessage, text); err != nil {
			return err
		}
	}
	return b.write(websocket.BinaryMessage, s.Data)
}

func (b *browser) write(kind int, data []byte) error {
	_ = b.ws.SetWriteDeadline(time.Now().Add(wsWrite))
	b.counts.bytes.Add(int64(len(data)))
	return b.ws.WriteMessage(kind, data)
}

// buffered is a connection whose buffer in the kernel can be set; false for one that has none.
func buffered(c net.Conn) (interface{ SetWriteBuffer(bytes int) error }, bool) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	b, ok := c.(interface{ SetWriteBuffer(bytes int) error })
	return b, ok
}

// farewell is how a WebSocket is closed when its stream ends (RFC 6455, 7.4.1).
func farewell(err error) (code int, why string) {
	var failure *streams.Failure
	switch {
	case errors.Is(err, streams.ErrClosed):
		return websocket.CloseGoingAway, "the gateway is closing"
	case errors.As(err, &failure), errors.Is(err, streams.ErrQuota):
		code = websocket.CloseTryAgainLater
	case errors.Is(err, streams.ErrEdited), errors.Is(err, streams.ErrRedescribed):
		code = websocket.CloseServiceRestart
	default:
		code = websocket.ClosePolicyViolation
	}
	const most = 123 // bytes that a close message has room for
	why = err.Error()
	if len(why) > most {
		why = why[:most]
		for !utf8.ValidString(why) {
			why = why[:len(why)-1]
		}
	}
	return code, why
}
