//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// The kinds of cameras, which are paths at each of them.
const (
	live = "live" // a keyframe every 2 s; a session begins where the encoder stands
	long = "long" // a keyframe every 20 s, else like live
	key  = "key"  // a session begins with a keyframe, at once
	mute = "mute" // accepts connections and never answers
)

// firstCamera is the address of camera 0; each has one of its own.
const firstCamera = 127<<24 | 1<<16

// cameraURL is where a camera of a kind is pulled from.
func cameraURL(kind string, i, port int) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(firstCamera+i))
	return fmt.Sprintf("rtsp://%s/%s", netip.AddrPortFrom(netip.AddrFrom4(b), uint16(port)), kind)
}

// farm is all cameras.
type farm struct {
	port  int
	films map[string][]picture
	epoch time.Time

	mu     sync.Mutex
	slots  [frameTime / time.Millisecond][]*showing // who sends in which millisecond of each picture's time
	now    int                                      // sessions
	seen   map[string]*seen
	late   int // sessions given up since nobody took what they sent
	behind time.Duration
}

// seen is what one stream of a camera has seen.
type seen struct{ now, most, plays int }

// farmStats is what all cameras have seen since the last reset.
type farmStats struct {
	Port     int
	Sessions int // now
	Most     int // sessions of one stream of one camera at a time
	Plays    int
	Late     int
	// Behind is by how much the cameras sent too late at the worst: the machine has too much to do.
	Behind time.Duration
}

// serveCameras is the process of the cameras. It tells its port, answers each line of in with a line
// of counters, and ends with in.
func serveCameras(ctx context.Context, in io.Reader, out io.Writer) error {
	ln, port, err := listenLoopback()
	if err != nil {
		return err
	}
	short := newFilm(shortGOP)
	f := &farm{
		port: port, epoch: time.Now(), seen: map[string]*seen{},
		films: map[string][]picture{live: short, key: short, long: newFilm(longGOP)},
	}
	go f.accept(ln)
	go f.pace(ctx)
	return serveLines(in, out, func(command string) any {
		f.mu.Lock()
		defer f.mu.Unlock()
		if command == "reset" {
			f.seen, f.late, f.behind = map[string]*seen{}, 0, 0
		}
		s := farmStats{Port: port, Sessions: f.now, Late: f.late, Behind: f.behind}
		for _, c := range f.seen {
			s.Most = max(s.Most, c.most)
			s.Plays += c.plays
		}
		return s
	})
}

func (f *farm) accept(ln *net.TCPListener) {
	for {
		c, err := ln.AcceptTCP()
		if err != nil {
			return
		}
		local, ok := netip.AddrFromSlice(c.LocalAddr().(*net.TCPAddr).IP.To4())
		if !ok || !local.IsLoopback() {
			c.Close()
			continue
		}
		go func() {
			defer c.Close()
			f.serve(newTalk(c), local)
		}()
	}
}

// serve answers on one connection until it ends.
func (f *farm) serve(t *talk, camera netip.Addr) {
	o, err := newOutlet(t.conn)
	if err != nil {
		return
	}
	var show *showing
	defer func() {
		if show != nil {
			f.remove(show)
		}
	}()
	for {
		r, err := t.next()
		if err != nil {
			return
		}
		kind := ""
		if r.URL != nil {
			kind, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		}
		if kind == mute {
			_, _ = io.Copy(io.Discard, t.conn)
			return
		}
		film := f.films[kind]
		var b []byte
		switch {
		case r.Method == base.Options:
			b = answer(r, base.StatusOK, nil, "Public", methods)
		case film == nil:
			b = answer(r, base.StatusNotFound, nil)
		case r.Method == base.Describe:
			b = answer(r, base.StatusOK, sessionDescription(), "Content-Type", "application/sdp",
				"Content-Base", "rtsp://"+r.URL.Host+"/"+kind+"/")
		case r.Method == base.Setup:
			if show == nil {
				show = f.newShowing(o, t.conn, camera, kind)
			}
			b = setupAnswer(r)
		case r.Method == base.Play && show != nil:
			show.play(answer(r, base.StatusOK, nil))
			continue
		default:
			b = answer(r, base.StatusOK, nil)
		}
		if o.write(b) != nil || r.Method == base.Teardown {
			return
		}
	}
}

// sessionDescription is what every camera says that it sends.
func sessionDescription() []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"+
		"m=video 0 RTP/AVP %d\r\na=rtpmap:%[1]d H264/90000\r\n"+
		"a=fmtp:%[1]d packetization-mode=1;profile-level-id=4D4028;sprop-parameter-sets=%s,%s\r\na=control:trackID=0\r\n",
		videoType, b64([]byte(sps)), b64([]byte(pps)))
}

// serveLines tells the counters once, and again for each line of in, until in ends.
func serveLines(in io.Reader, out io.Writer, tell func(command string) any) error {
	e := json.NewEncoder(out)
	if err := e.Encode(tell("")); err != nil {
		return err
	}
	for {
		var command string
		if _, err := fmt.Fscanln(in, &command); err != nil {
			return nil
		}
		if err := e.Encode(tell(command)); err != nil {
			return err
		}
	}
}
