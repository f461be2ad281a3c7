//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// loadResult is what a crowd of readers saw in the window of a measurement.
type loadResult struct {
	elapsed time.Duration
	bytes   int64         // of RTP, to all readers
	cpu     time.Duration // of the gateway
	faults  []error       // of readers that didn't get all they should have
}

// rate is RTP delivered, in MB/s.
func (r loadResult) rate() float64 { return float64(r.bytes) / 1e6 / r.elapsed.Seconds() }

// cost is what the gateway spends, in CPU seconds for a gigabit delivered.
func (r loadResult) cost() float64 { return r.cpu.Seconds() / (float64(r.bytes) * 8 / 1e9) }

// load plays all URLs at the same time, one reader each, and looks at what comes between warm and
// warm+window after the start.
func load(t testing.TB, g *gateway, urls []string, warm, span time.Duration) loadResult {
	t.Helper()
	from := time.Now().Add(warm)
	to := from.Add(span)
	ctx, cancel := context.WithDeadline(t.Context(), to.Add(10*time.Second))
	defer cancel()
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		result = loadResult{elapsed: span}
	)
	for _, url := range urls {
		wg.Go(func() {
			bytes, err := watchWindow(ctx, url, from, to)
			mu.Lock()
			defer mu.Unlock()
			result.bytes += bytes
			if err != nil {
				result.faults = append(result.faults, fmt.Errorf("%s: %w", url, err))
			}
		})
	}
	<-time.After(time.Until(from))
	before := g.cpu(t)
	<-time.After(time.Until(to))
	result.cpu = g.cpu(t) - before
	wg.Wait()
	return result
}

// watchWindow plays one URL and returns the bytes that came in the window. It is an error when
// anything is missing from first to last, or it came late.
func watchWindow(ctx context.Context, url string, from, to time.Time) (int64, error) {
	p, err := dial(ctx, net.Dialer{}, url)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	if err := p.play(); err != nil {
		return 0, err
	}
	for _, f := range p.flows {
		f.window = window{from: from, to: to}
	}
	if err := p.watch(func(*flow) bool { return !time.Now().Before(to) }); err != nil {
		return 0, err
	}
	var bytes int64
	for _, f := range p.flows {
		bytes += f.window.bytes
		if f.lost != 0 {
			return bytes, fmt.Errorf("%d packets lost", f.lost)
		}
	}
	v := p.video()
	if err := v.whole(); err != nil {
		return bytes, err
	}
	// Nothing is missing, so that the frames are 25 a second by the camera's clock. By this one the
	// window may be cut a little early or late, on a busy machine by most of a second.
	want := 25 * to.Sub(from).Seconds()
	if diff := math.Abs(float64(v.window.frames) - want); diff > 0.02*want+20 {
		return bytes, fmt.Errorf("%d frames in %v, want %.0f", v.window.frames, to.Sub(from), want)
	}
	return bytes, p.teardown()
}

// A hundred readers of a hundred cameras miss nothing.
func TestHundredReaders(t *testing.T) {
	const n = 100
	s := startSim(t, n)
	g := startGateway(t, nil)
	rows, urls := cityRows(n, s.port), make([]string, n)
	g.register(t, rows...)
	for i, r := range rows {
		urls[i] = g.play(r["id"])
	}
	r := load(t, g, urls, 4*time.Second, 10*time.Second)
	t.Logf("%d readers: %.1f MB/s, gateway %.2f CPU s per Gbit", n, r.rate(), r.cost())
	for _, err := range r.faults {
		t.Error(err)
	}
	if c := s.totals(t); c.MaxSessions != n || c.Overpulled != 0 {
		t.Errorf("the cameras saw %d sessions, %d of them overpulled, want %d and 0", c.MaxSessions, c.Overpulled, n)
	}
}

// What it costs the gateway to bring pictures to readers, the simulator on the same machine.
func BenchmarkRelay(b *testing.B) {
	for _, c := range []struct{ channels, readers int }{{100, 1}, {400, 1}, {1, 100}} {
		b.Run(fmt.Sprintf("channels=%d/readers=%d", c.channels, c.readers), func(b *testing.B) {
			s := startSim(b, max(c.channels, 100))
			g := startGateway(b, nil)
			var rows []row
			var urls []string
			for i := range c.channels {
				camera := i
				if c.channels == 1 {
					camera = s.find(b, 0, plain(sim.H264, true))
				}
				id := fmt.Sprintf("c%d", i)
				rows = append(rows, s.channelRow(id, camera))
				for range c.readers {
					urls = append(urls, g.play(id))
				}
			}
			g.register(b, rows...)
			for b.Loop() {
				r := load(b, g, urls, 4*time.Second, 10*time.Second)
				b.ReportMetric(r.rate(), "MB/s")
				b.ReportMetric(r.cost(), "cpu-s/Gbit")
				b.ReportMetric(float64(len(r.faults)), "faulty-readers")
				for _, err := range r.faults {
					b.Log(err)
				}
			}
		})
	}
}
