//go:build e2e

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sharpeyes/streams/sim"
)

// watched records in the page when a keyframe was in the browser's buffer, in ms since 1970: the
// flags of a fragment's first sample are at a fixed place.
const watched = `
window.keyframes = [];
const append = SourceBuffer.prototype.appendBuffer;
SourceBuffer.prototype.appendBuffer = function (data) {
  const v = new DataView(data);
  if (v.getUint32(4) === 0x6d6f6f66 && v.getUint32(96) === 0x02000000)
    this.addEventListener("updateend", () => keyframes.push(Date.now()), { once: true });
  return append.call(this, data);
};`

// look chooses a channel in the page's list by its name.
const look = `[...document.querySelectorAll("[role=listitem] button")].find((b) => b.textContent.includes(%q)).click()`

const (
	told  = `(document.querySelector(".picture [role=status]")?.textContent ?? "")`
	video = `document.querySelector("video")`
	leave = `document.querySelector("aside button[aria-label=Close]").click()`
)

// TestWatch looks at channels in the page of a real browser.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := startSim(t, 300)
	g := startGateway(t, settings{"streams": "{linger: 1s, start_timeout: 5s}"})
	if res, _ := g.request(t, http.MethodGet, "/", ""); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Skip("the page isn't built: make web")
	}
	h264 := s.find(t, 0, plain(sim.H264, true))
	h265 := s.find(t, 0, plain(sim.H265, true))
	square, modern, dead := s.channelRow("square", h264), s.channelRow("modern", h265), s.channelRow("dead", h264)
	delete(modern, "sub_url")
	delete(dead, "sub_url")
	dead["url"] = "rtsp://" + deadAddress(t) + "/main"
	g.register(t, square, modern, dead)
	b := openPage(t, g.server()+"/", watched)
	b.until(t, 30*time.Second, `document.querySelectorAll("[role=listitem]").length === 3`)

	took := func(what, id string) {
		t.Helper()
		b.eval(t, fmt.Sprintf(look, "Camera "+id), nil)
		b.until(t, 20*time.Second, `document.querySelector("[data-testid=took]")`)
		var said string
		b.eval(t, `document.querySelector("[data-testid=took]").textContent`, &said)
		t.Logf("%s: %s", what, said)
	}
	took("cold", "square")
	b.until(t, 20*time.Second, told+` === "" && keyframes.length >= 4`)
	var at, later float64
	b.eval(t, video+`.currentTime`, &at)
	b.until(t, 20*time.Second, fmt.Sprintf(video+`.currentTime > %f + 2`, at))
	b.eval(t, `(({ buffered, currentTime }) => buffered.end(buffered.length - 1) - currentTime)(`+video+`)`, &later)
	t.Logf("the picture is %.0f ms behind the end of the buffer", later*1000)
	if later > 1.2 {
		t.Error("it doesn't follow the newest picture")
	}
	var list struct {
		Items []struct{ ID, Profile string }
	}
	g.get(t, "/api/v1/streams", &list)
	if len(list.Items) != 1 || list.Items[0].ID != "square" || list.Items[0].Profile != "sub" {
		t.Errorf("pulled are %+v, want the sub stream of the channel alone", list.Items)
	}
	var arrived []float64
	b.eval(t, "keyframes", &arrived)
	logLatency(t, s.url(h264, "sub"), arrived[1:]) // the first may be one of the pull's memory

	shot := b.screenshot(t)
	keep(t, "square.png", shot)
	if n := colours(t, shot); n < 200 {
		t.Errorf("the picture has %d colours, want a scene", n)
	}
	b.eval(t, leave, nil)
	took("a running pull", "square")
	b.eval(t, leave, nil)

	b.eval(t, fmt.Sprintf(look, "Camera dead"), nil)
	b.until(t, 20*time.Second, told+`.includes("connect_refused")`)
	keep(t, "dead.png", b.screenshot(t))
	b.eval(t, leave, nil)

	var plays bool
	b.eval(t, `MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L93.90"')`, &plays)
	b.eval(t, fmt.Sprintf(look, "Camera modern"), nil)
	if plays {
		b.until(t, 20*time.Second, video+`.currentTime > 1`)
	} else {
		b.until(t, 20*time.Second, told+`.includes("H.265")`)
	}
	keep(t, "modern.png", b.screenshot(t))
}

// TestWatchLatency takes the browser's place, so that what it takes its time for isn't in the figure.
func TestWatchLatency(t *testing.T) {
	t.Parallel()
	s := startSim(t, 300)
	g := startGateway(t, nil)
	camera := s.find(t, 0, plain(sim.H264, true))
	g.register(t, s.channelRow("square", camera))
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+g.http+"/api/v1/ws/live/square?profile=sub", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	_ = ws.SetReadDeadline(time.Now().Add(60 * time.Second))
	var arrived []float64
	for len(arrived) < 5 {
		_, b, err := ws.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if string(b[4:8]) == "moof" && binary.BigEndian.Uint32(b[96:]) == 0x02000000 { // as above
			arrived = append(arrived, float64(time.Now().UnixMicro())/1000)
		}
	}
	logLatency(t, s.url(camera, "sub"), arrived[1:])
}

// keep leaves a picture among the test's artifacts.
func keep(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// colours is how many there are in the middle of a picture.
func colours(t testing.TB, b []byte) int {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	found := map[[3]uint32]bool{}
	r := m.Bounds()
	middle := image.Rect(r.Dx()/4, r.Dy()/3, r.Dx()*3/4, r.Dy()*2/3)
	for y := middle.Min.Y; y < middle.Max.Y; y++ {
		for x := middle.Min.X; x < middle.Max.X; x++ {
			red, green, blue, _ := m.At(x, y).RGBA()
			found[[3]uint32{red, green, blue}] = true
		}
	}
	return len(found)
}

// logLatency tells how long it took from when the camera's keyframes were due until they arrived, in
// ms since 1970. The camera says on its own when they are due.
func logLatency(t testing.TB, url string, arrived []float64) {
	t.Helper()
	const gop = 2000.0 // ms
	due := keyframeDue(t, url)
	latencies := make([]float64, len(arrived))
	for i, at := range arrived {
		d := at - due
		latencies[i] = d - gop*float64(int(d/gop))
		if latencies[i] < 0 {
			latencies[i] += gop
		}
	}
	slices.Sort(latencies)
	t.Logf("%d keyframes from the camera until they are there: %.1f ms the median, %.1f ms the slowest",
		len(latencies), latencies[len(latencies)/2], latencies[len(latencies)-1])
}

// keyframeDue is when one of a camera's keyframes is due by its own clock, in ms since 1970.
func keyframeDue(t testing.TB, url string) float64 {
	t.Helper()
	p, err := dial(t.Context(), net.Dialer{Timeout: 5 * time.Second}, url)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.play(); err != nil {
		t.Fatal(err)
	}
	_ = p.conn.SetDeadline(time.Now().Add(20 * time.Second))
	var ntp, timestamp, keyframe uint32
	var fraction float64
	reported, found := false, false
	for !reported || !found {
		var head [4]byte
		if _, err := io.ReadFull(p.br, head[:]); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, binary.BigEndian.Uint16(head[2:]))
		if _, err := io.ReadFull(p.br, b); err != nil {
			t.Fatal(err)
		}
		switch {
		case head[1] == 1 && b[1] == 200:
			ntp, fraction = binary.BigEndian.Uint32(b[8:]), float64(binary.BigEndian.Uint32(b[12:]))/(1<<32)
			timestamp, reported = binary.BigEndian.Uint32(b[16:]), true
		case head[1] == 0 && strings.ContainsRune("\x07\x18", rune(b[12]&0x1f)):
			keyframe, found = binary.BigEndian.Uint32(b[4:]), true
		}
	}
	return (float64(ntp-2208988800)+fraction)*1000 + float64(int32(keyframe-timestamp))/90
}
