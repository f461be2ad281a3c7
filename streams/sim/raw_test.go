package sim

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// raw is one who takes whatever a camera sends, over TCP.
type raw struct {
	net.Conn
	in   *bufio.Reader
	cseq int
}

// answer is what a camera said.
type answer struct {
	code   int
	header textproto.MIMEHeader
	body   string
}

func newRaw(t testing.TB, f *Farm, i int) *raw {
	t.Helper()
	c := dial(t, f, i)
	return &raw{Conn: c, in: bufio.NewReader(c)}
}

// say sends a request without waiting for an answer.
func (r *raw) say(t testing.TB, method, url string, headers ...string) {
	t.Helper()
	r.cseq++
	lines := append([]string{method + " " + url + " RTSP/1.0", "CSeq: " + strconv.Itoa(r.cseq)}, headers...)
	if _, err := io.WriteString(r, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// ask sends a request and reads its answer.
func (r *raw) ask(t testing.TB, method, url string, headers ...string) answer {
	t.Helper()
	r.say(t, method, url, headers...)
	a, err := r.listen()
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	if got := a.header.Get("Cseq"); got != strconv.Itoa(r.cseq) {
		t.Fatalf("%s: answer %q to %d", method, got, r.cseq)
	}
	return a
}

// listen reads up to the next answer.
func (r *raw) listen() (answer, error) {
	for {
		b, err := r.in.Peek(1)
		if err != nil {
			return answer{}, err
		}
		if b[0] != '$' {
			break
		}
		if _, _, err := r.frame(); err != nil {
			return answer{}, err
		}
	}
	p := textproto.NewReader(r.in)
	line, err := p.ReadLine()
	if err != nil {
		return answer{}, err
	}
	var a answer
	if _, err := fmt.Sscanf(line, "RTSP/1.0 %d", &a.code); err != nil {
		return a, fmt.Errorf("%q: %w", line, err)
	}
	if a.header, err = p.ReadMIMEHeader(); err != nil {
		return a, err
	}
	n, _ := strconv.Atoi(a.header.Get("Content-Length"))
	b := make([]byte, n)
	_, err = io.ReadFull(r.in, b)
	a.body = string(b)
	return a, err
}

// frame reads an interleaved frame.
func (r *raw) frame() (channel byte, data []byte, err error) {
	var h [4]byte
	if _, err := io.ReadFull(r.in, h[:]); err != nil {
		return 0, nil, err
	}
	if h[0] != '$' {
		return 0, nil, fmt.Errorf("no frame begins with %q", h)
	}
	data = make([]byte, binary.BigEndian.Uint16(h[2:]))
	_, err = io.ReadFull(r.in, data)
	return h[1], data, err
}

// play sets up the video and plays it, and returns the answer to SETUP.
func (r *raw) play(t testing.TB, url string) answer {
	t.Helper()
	a := r.ask(t, "SETUP", url+"/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
	if a.code != 200 {
		t.Fatalf("SETUP: %d", a.code)
	}
	if p := r.ask(t, "PLAY", url, "Session: "+a.session()); p.code != 200 {
		t.Fatalf("PLAY: %d", p.code)
	}
	return a
}

func (a answer) session() string {
	id, _, _ := strings.Cut(a.header.Get("Session"), ";")
	return id
}

// packets is the next n RTP packets, and the sender reports that came among them.
func (r *raw) packets(t testing.TB, n int) (packets []*rtp.Packet, reports []*rtcp.SenderReport) {
	t.Helper()
	for len(packets) < n {
		channel, data, err := r.frame()
		if err != nil {
			t.Fatalf("after %d packets: %v", len(packets), err)
		}
		if channel%2 == 1 {
			sr := new(rtcp.SenderReport)
			if err := sr.Unmarshal(data); err != nil {
				t.Fatal(err)
			}
			reports = append(reports, sr)
			continue
		}
		p := new(rtp.Packet)
		if err := p.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	return packets, reports
}
