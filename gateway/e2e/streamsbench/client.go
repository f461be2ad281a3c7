//go:build linux

package main

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
)

// client is the asking side of one RTSP connection over TCP, of one video track: a reader's, or the
// reference relay's to a camera.
type client struct {
	conn    *net.TCPConn
	br      *bufio.Reader
	url     string
	seq     int
	session string
	dialled time.Time
}

// refused is an answer other than 200.
type refused struct {
	method base.Method
	status base.StatusCode
}

func (r refused) Error() string { return fmt.Sprintf("%s: %d", r.method, r.status) }

// dial connects, and leaves so long for the whole dialogue.
func dial(ctx context.Context, url string, patience time.Duration, buffer int) (*client, error) {
	u, err := base.ParseURL(url)
	if err != nil {
		return nil, err
	}
	c := &client{url: url, dialled: time.Now()}
	d := net.Dialer{Timeout: patience, KeepAlive: -1}
	conn, err := d.DialContext(ctx, "tcp4", u.Host)
	if err != nil {
		return nil, err
	}
	c.conn = conn.(*net.TCPConn)
	c.br = bufio.NewReaderSize(conn, buffer)
	return c, conn.SetDeadline(c.dialled.Add(patience))
}

// do makes one request and waits for its answer; packets that come before it are lost.
func (c *client) do(method base.Method, url string, header, value string) (*base.Response, error) {
	u, err := base.ParseURL(url)
	if err != nil {
		return nil, err
	}
	c.seq++
	h := base.Header{"CSeq": base.HeaderValue{strconv.Itoa(c.seq)}}
	if c.session != "" {
		h["Session"] = base.HeaderValue{c.session}
	}
	if header != "" {
		h[header] = base.HeaderValue{value}
	}
	b, err := base.Request{Method: method, URL: u, Header: h}.Marshal()
	if err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(b); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var res base.Response
	if err := res.Unmarshal(c.br); err != nil {
		return nil, fmt.Errorf("wait for the answer to %s: %w", method, err)
	}
	if res.StatusCode != base.StatusOK {
		return &res, refused{method, res.StatusCode}
	}
	return &res, nil
}

// describe asks what there is.
func (c *client) describe() (*base.Response, error) {
	return c.do(base.Describe, c.url, "Accept", "application/sdp")
}

// play does what is to be done until packets come, and takes off the deadline. It returns the
// description.
func (c *client) play() ([]byte, error) {
	described, err := c.describe()
	if err != nil {
		return nil, err
	}
	root := c.url
	if v := described.Header["Content-Base"]; len(v) == 1 {
		root = v[0]
	}
	res, err := c.do(base.Setup, trackURL(root, described.Body), "Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")
	if err != nil {
		return nil, err
	}
	if v := res.Header["Session"]; len(v) == 1 {
		c.session, _, _ = strings.Cut(v[0], ";")
	}
	if _, err := c.do(base.Play, root, "Range", "npt=0.000-"); err != nil {
		return nil, err
	}
	return described.Body, c.conn.SetDeadline(time.Time{})
}

// trackURL is where the one track of a description is set up: its last control attribute.
func trackURL(root string, sdp []byte) string {
	const attribute = "a=control:"
	control := ""
	for line := range strings.Lines(string(sdp)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), attribute); ok {
			control = v
		}
	}
	if strings.HasPrefix(control, "rtsp://") {
		return control
	}
	return strings.TrimSuffix(root, "/") + "/" + control
}

// frame appends the next interleaved frame to b.
func (c *client) frame(b []byte) ([]byte, error) {
	head, err := c.br.Peek(4)
	if err != nil {
		return nil, err
	}
	if head[0] != '$' {
		return nil, fmt.Errorf("%q among the packets", head)
	}
	n := 4 + int(binary.BigEndian.Uint16(head[2:]))
	b = append(b, make([]byte, n)...)
	_, err = io.ReadFull(c.br, b[len(b)-n:])
	return b, err
}
