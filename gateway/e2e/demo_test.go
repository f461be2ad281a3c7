//go:build e2e

package e2e

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// demo is a running "sharpeyes demo".
type demo struct {
	gateway
	took time.Duration // from the program's start until its /readyz was 200
}

// startDemo runs a demo city on free loopback ports; its cameras listen on the given one, since a
// city is the same city only while its cameras keep their addresses.
func startDemo(t testing.TB, dir, cameras string, flags ...string) *demo {
	t.Helper()
	began := time.Now()
	d := &demo{gateway: gateway{dir: dir}}
	d.process = spawn(t, []string{
		"SHARPEYES_HTTP_LISTEN=127.0.0.1:0", "SHARPEYES_RTSP_LISTEN=127.0.0.1:0", "SHARPEYES_NATS_LISTEN=127.0.0.1:0",
	}, append([]string{"demo", "--data-dir", dir, "--sim-listen", cameras, "--sim-control", "127.0.0.1:0"}, flags...)...)
	d.addresses(t)
	eventually(t, 10*time.Second, func() error {
		res, b, err := d.try(t, http.MethodGet, "/readyz", "")
		if err == nil && res.StatusCode != http.StatusOK {
			err = &notReady{string(b)}
		}
		return err
	})
	d.took = time.Since(began)
	return d
}

type notReady struct{ why string }

func (n *notReady) Error() string { return "/readyz: " + n.why }

var (
	webAddress  = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	rtspAddress = regexp.MustCompile(`rtsp://127\.0\.0\.1:\d+/[A-Za-z0-9_-]+`)
)

// The first thing that anybody tries works, again and again.
func TestDemo(t *testing.T) {
	t.Parallel()
	const channels = 2000
	dir := filepath.Join(t.TempDir(), "data")
	cameras := deadAddress(t)
	d := startDemo(t, dir, cameras, "--channels", strconv.Itoa(channels))
	if n := d.total(t); n != channels {
		t.Errorf("%d channels, want %d", n, channels)
	}
	// It says what to open and what to play.
	var url string
	eventually(t, 5*time.Second, func() error {
		out, _ := d.stdout.read()
		url = rtspAddress.FindString(out)
		if url == "" || webAddress.FindString(out) == "" {
			return &silentDemo{out}
		}
		return nil
	})
	probeVideo(t, "-rtsp_transport", "tcp", url)
	d.terminate(t)

	d = startDemo(t, dir, cameras, "--channels", strconv.Itoa(channels))
	if d.took > 5*time.Second {
		t.Errorf("the second start took %v, want it quick", d.took)
	}
	if n := d.total(t); n != channels {
		t.Errorf("%d channels after a restart, want %d", n, channels)
	}
	var stats struct{ Total struct{ Online int } }
	eventually(t, 30*time.Second, func() error {
		if d.get(t, "/api/v1/stats", &stats); stats.Total.Online < channels/4 {
			return &notReady{"only " + strconv.Itoa(stats.Total.Online) + " online"}
		}
		return nil
	})
}

type silentDemo struct{ said string }

func (s *silentDemo) Error() string { return "the demo doesn't tell what to open and play: " + s.said }
