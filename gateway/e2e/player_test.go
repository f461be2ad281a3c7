//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

// player is the least RTSP reader there can be, over TCP interleaved, so that what it counts is
// the gateway's doing and no library's. It isn't for concurrent use.
type player struct {
	authorization string // sent with every request, if there is one

	conn    net.Conn
	br      *bufio.Reader
	url     string
	seq     int
	session string
	flows   []*flow // by track, in the order of the description
	buf     []byte
}

// dial connects to the RTSP server that a URL names.
func dial(ctx context.Context, d net.Dialer, url string) (*player, error) {
	u, err := base.ParseURL(url)
	if err != nil {
		return nil, err
	}
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	return &player{conn: conn, br: bufio.NewReaderSize(conn, 64<<10), url: url, buf: make([]byte, 1<<16)}, nil
}

// Close closes the connection without a word.
func (p *player) Close() error { return p.conn.Close() }

// do sends a request and waits for the answer, taking the packets that come before it.
func (p *player) do(method base.Method, u *base.URL, h base.Header) (*base.Response, error) {
	p.seq++
	if h == nil {
		h = base.Header{}
	}
	h["CSeq"] = base.HeaderValue{strconv.Itoa(p.seq)}
	h["User-Agent"] = base.HeaderValue{"e2e"}
	if p.authorization != "" {
		h["Authorization"] = base.HeaderValue{p.authorization}
	}
	if p.session != "" {
		h["Session"] = base.HeaderValue{p.session}
	}
	b, err := base.Request{Method: method, URL: u, Header: h}.Marshal()
	if err != nil {
		return nil, err
	}
	if _, err := p.conn.Write(b); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	for {
		first, err := p.br.Peek(1)
		if err != nil {
			return nil, fmt.Errorf("wait for the answer to %s: %w", method, err)
		}
		if first[0] == '$' {
			if err := p.next(); err != nil {
				return nil, err
			}
			continue
		}
		var res base.Response
		if err := res.Unmarshal(p.br); err != nil {
			return nil, fmt.Errorf("read the answer to %s: %w", method, err)
		}
		return &res, nil
	}
}

// describe asks what there is to play.
func (p *player) describe() (*base.Response, error) {
	u, err := base.ParseURL(p.url)
	if err != nil {
		return nil, err
	}
	return p.do(base.Describe, u, base.Header{"Accept": base.HeaderValue{"application/sdp"}})
}

// refusal is an answer other than 200.
type refusal struct {
	method base.Method
	res    *base.Response
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %d %s %s", r.method, r.res.StatusCode, r.res.StatusMessage, r.res.Body)
}

// play describes, sets up all tracks and starts them.
func (p *player) play() error {
	res, err := p.describe()
	if err != nil {
		return err
	}
	if res.StatusCode != base.StatusOK {
		return &refusal{base.Describe, res}
	}
	var text sdp.SessionDescription
	if err := text.Unmarshal(res.Body); err != nil {
		return fmt.Errorf("read the description: %w", err)
	}
	var desc description.Session
	if err := desc.Unmarshal(&text); err != nil {
		return fmt.Errorf("read the description: %w", err)
	}
	u, err := base.ParseURL(p.url)
	if err != nil {
		return err
	}
	content := u
	if v := res.Header["Content-Base"]; len(v) == 1 {
		if content, err = base.ParseURL(v[0]); err != nil {
			return fmt.Errorf("read Content-Base: %w", err)
		}
	}
	for i, m := range desc.Medias {
		mu, err := m.URL(content)
		if err != nil {
			return fmt.Errorf("find the URL of track %d: %w", i, err)
		}
		res, err := p.do(base.Setup, mu, base.Header{"Transport": base.HeaderValue{
			fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*i, 2*i+1),
		}})
		if err != nil {
			return err
		}
		if res.StatusCode != base.StatusOK {
			return &refusal{base.Setup, res}
		}
		if v := res.Header["Session"]; len(v) == 1 {
			p.session, _, _ = strings.Cut(v[0], ";")
		}
		p.flows = append(p.flows, &flow{format: m.Formats[0]})
	}
	res, err = p.do(base.Play, content, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != base.StatusOK {
		return &refusal{base.Play, res}
	}
	return nil
}

// next takes one interleaved frame.
func (p *player) next() error {
	head, err := p.br.Peek(4)
	if err != nil {
		return err
	}
	if head[0] != '$' {
		return fmt.Errorf("got %q among the packets", head)
	}
	channel, size := int(head[1]), int(binary.BigEndian.Uint16(head[2:]))
	if _, err := p.br.Discard(4); err != nil {
		return err
	}
	if _, err := io.ReadFull(p.br, p.buf[:size]); err != nil {
		return err
	}
	if channel%2 != 0 {
		return nil // RTCP
	}
	if channel/2 >= len(p.flows) {
		return fmt.Errorf("a packet on channel %d, which wasn't set up", channel)
	}
	return p.flows[channel/2].packet(p.buf[:size], time.Now())
}

// video is the flow of the first video track; nil if there is none.
func (p *player) video() *flow {
	for _, f := range p.flows {
		if f.isVideo() {
			return f
		}
	}
	return nil
}

// watch takes packets until the video flow is as wanted.
func (p *player) watch(enough func(*flow) bool) error {
	v := p.video()
	if v == nil {
		return fmt.Errorf("no video among %d tracks", len(p.flows))
	}
	for !enough(v) {
		if err := p.next(); err != nil {
			return fmt.Errorf("after %d frames: %w", v.frames, err)
		}
	}
	return nil
}

// teardown ends the session.
func (p *player) teardown() error {
	u, err := base.ParseURL(p.url)
	if err != nil {
		return err
	}
	_, err = p.do(base.Teardown, u, nil)
	return err
}
