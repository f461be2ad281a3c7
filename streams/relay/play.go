package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams"
)

// patience is how long the answer to a request may take because of a camera. What the camera's side
// has to say about its own time-out is more to the point, and so comes first.
func (c *connection) patience() time.Duration {
	return c.server.o.StartTimeout + c.server.o.StartTimeout/10
}

// playRequest waits for the camera, and prepares to play.
func (c *connection) playRequest(ctx context.Context) (*base.Response, *player) {
	if c.session == "" {
		return status(base.StatusMethodNotValidInThisState, "nothing is set up"), nil
	}
	if c.player != nil {
		return c.inSession(base.Header{"Range": {"npt=now-"}}), nil
	}
	err := c.watched(ctx, c.patience(), c.reader.Wait)
	if err == nil {
		select {
		case <-c.reader.Ended():
			err = errors.New("the stream has ended")
		default:
		}
	}
	if err != nil {
		c.leave()
		return c.refusal(err), nil
	}
	p := newPlayer(c)
	h := base.Header{"Range": {"npt=now-"}}
	if info := rtpInfo(c.tracks, p.units); info != "" {
		h["RTP-Info"] = base.HeaderValue{info}
	}
	return c.inSession(h), p
}

// rtpInfo tells the first packet of each track (RFC 2326, 12.33) that is among the units which go
// out with the answer. A track whose first packet isn't there yet is left out with those after it:
// there are players that go by the order and not by the URL.
func rtpInfo(tracks []track, units []*streams.Unit) string {
	var infos []string
	for i, t := range tracks {
		if !t.setUp {
			continue
		}
		seq, stamp, ok := firstPacket(i, units)
		if !ok {
			break
		}
		infos = append(infos, fmt.Sprintf("url=%s;seq=%d;rtptime=%d", t.url, seq, stamp))
	}
	return strings.Join(infos, ",")
}

func firstPacket(track int, units []*streams.Unit) (seq uint16, stamp uint32, ok bool) {
	for _, u := range units {
		if u.Track != track || u.Control {
			continue
		}
		for p := range u.Packets() {
			if len(p) >= 12 { // RFC 3550, 5.1
				return binary.BigEndian.Uint16(p[2:]), binary.BigEndian.Uint32(p[4:]), true
			}
		}
	}
	return 0, 0, false
}
