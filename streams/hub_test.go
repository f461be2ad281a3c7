package streams_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"go.uber.org/goleak"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// camera is a Source whose stream the test feeds by hand.
type camera struct {
	open    atomic.Int32 // connections now
	most    atomic.Int32 // connections at once, ever
	opened  atomic.Int32 // connections ever
	fail    error        // returned instead of a stream
	delay   time.Duration
	mu      sync.Mutex
	sink    streams.Sink
	closing time.Duration // how long the connection takes to go away
}

func (c *camera) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, sink streams.Sink) error {
	n := c.open.Add(1)
	defer c.open.Add(-1)
	c.opened.Add(1)
	if n > c.most.Load() {
		c.most.Store(n)
	}
	time.Sleep(c.delay) // in the synctest bubble, or zero
	if c.fail != nil {
		return c.fail
	}
	sink.Describe(&streams.Description{Medias: []*description.Media{{
		Type: description.MediaTypeVideo, Control: "trackID=0",
		Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
	}}})
	c.mu.Lock()
	c.sink = sink
	c.mu.Unlock()
	sink.Playing()
	<-ctx.Done()
	time.Sleep(c.closing)
	return ctx.Err()
}

func (c *camera) send(keyframe bool, size int) *streams.Unit {
	u := streams.NewUnit(0, false, size+4)
	u.Append(make([]byte, size))
	u.Keyframe, u.At = keyframe, time.Now()
	c.deliver(u)
	return u
}

func (c *camera) deliver(u *streams.Unit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sink.Deliver(u)
}

// log of what the observer hears.
type log struct {
	mu                       sync.Mutex
	started, stopped, failed int
	reason                   event.Reason
}

func (l *log) Started(registry.Channel, streams.Info)                            { l.mu.Lock(); l.started++; l.mu.Unlock() }
func (l *log) Stopped(registry.Channel, streams.Info)                            { l.mu.Lock(); l.stopped++; l.mu.Unlock() }
func (l *log) Watched(registry.Channel, streams.Key, streams.Who, time.Duration) {}

func (l *log) Failed(_ registry.Channel, _ streams.Info, f *streams.Failure) {
	l.mu.Lock()
	l.failed++
	l.reason = f.Reason
	l.mu.Unlock()
}

var key = streams.Key{Channel: "a", Profile: streams.Main}

func newHub(c *camera, l *log) *streams.Hub {
	return streams.NewHub(streams.Options{
		Source: c, Observer: l, Linger: 15 * time.Second, Queue: 1000, Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: "a", URL: "rtsp://127.0.0.1/a", Transport: "auto", Enabled: true}, id == "a"
		},
	})
}

// join joins and waits until the camera sends.
func join(ctx context.Context, h *streams.Hub, key streams.Key) (*streams.Reader, error) {
	r, err := h.Join(ctx, key, streams.Who{Kind: "test"})
	if err != nil {
		return nil, err
	}
	if err := r.Wait(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func next(t *testing.T, r *streams.Reader) []*streams.Unit {
	t.Helper()
	units, err := r.Next(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return units
}

func TestOnePullForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, l := &camera{delay: time.Second}, &log{}
		h := newHub(c, l)
		var wg sync.WaitGroup
		readers := make([]*streams.Reader, 20)
		for i := range readers {
			wg.Go(func() {
				r, err := join(t.Context(), h, key)
				if err != nil {
					t.Error(err)
				}
				readers[i] = r
			})
		}
		wg.Wait()
		if n := c.opened.Load(); n != 1 {
			t.Fatalf("20 readers opened %d connections", n)
		}
		c.send(true, 10)
		for _, r := range readers {
			r.Close()
			r.Close() // twice is once
		}
		time.Sleep(14 * time.Second)
		if n := c.open.Load(); n != 1 {
			t.Fatalf("%d connections during the linger, want 1", n)
		}
		time.Sleep(2 * time.Second)
		if n := c.open.Load(); n != 0 {
			t.Fatalf("%d connections after the linger, want 0", n)
		}
		synctest.Wait()
		synctest.Wait()
		if l.started != 1 || l.stopped != 1 || l.failed != 0 {
			t.Fatalf("observer heard %+v", l)
		}
		if n := len(h.Pulls()); n != 0 {
			t.Fatalf("%d pulls left", n)
		}
		h.Close()
	})
}

func TestReaderThatComesWhileThePullEndsWaitsForTheOldConnectionToGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{closing: 3 * time.Second}
		h := newHub(c, &log{})
		r, err := join(t.Context(), h, key)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		time.Sleep(16 * time.Second) // the linger is over, the connection is closing
		r, err = join(t.Context(), h, key)
		if err != nil {
			t.Fatal(err)
		}
		if c.most.Load() != 1 || c.opened.Load() != 2 {
			t.Fatalf("%d at once, %d in all; want 1 and 2", c.most.Load(), c.opened.Load())
		}
		r.Close()
		h.Close()
	})
}

func TestLateReaderBeginsWithTheLastKeyframe(t *testing.T) {
	c := &camera{}
	h := newHub(c, &log{})
	defer h.Close()
	r, err := join(t.Context(), h, key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.send(false, 10) // before any keyframe: of use to nobody
	c.send(true, 50)
	c.send(false, 10)
	want := []*streams.Unit{c.send(true, 50), c.send(false, 10)}
	r.Play()
	want = append(want, c.send(false, 11))
	got := next(t, r)
	got = append(got, next(t, r)...) // the live ones come on their own
	if len(got) != len(want) {
		t.Fatalf("got %d units, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("unit %d is another one", i)
		}
	}
}

func TestSlowReaderLosesWholeGOPsAndHarmsNobody(t *testing.T) {
	c := &camera{}
	h := newHub(c, &log{}) // a queue of 1000 bytes
	defer h.Close()
	slow, _ := join(t.Context(), h, key)
	defer slow.Close()
	quick, _ := join(t.Context(), h, key)
	defer quick.Close()
	slow.Play()
	quick.Play()
	sent, got := 0, 0
	for range 5 {
		for i := range 6 {
			c.send(i == 0, 96)
			sent++
			got += len(next(t, quick))
		}
	}
	if got != sent {
		t.Fatalf("the quick reader got %d of %d units", got, sent)
	}
	units := next(t, slow)
	if len(units) == 0 || !units[0].Keyframe {
		t.Fatal("the slow reader does not go on with a keyframe")
	}
	if n := slow.Skipped(); int(n)+len(units) != sent {
		t.Fatalf("%d skipped and %d read of %d", n, len(units), sent)
	}
}

func TestReaderThatStaysBehindIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		r, _ := join(t.Context(), h, key)
		r.Play()
		for range 15 {
			for i := range 12 {
				c.send(i == 0, 96)
			}
			time.Sleep(time.Second)
		}
		if _, err := r.Next(t.Context(), nil); !errors.Is(err, streams.ErrBehind) {
			t.Fatalf("got %v, want ErrBehind", err)
		}
		r.Close()
		h.Close()
	})
}

func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, l := &camera{fail: &streams.Failure{Reason: event.Unauthorized, Detail: "no"}}, &log{}
		h := newHub(c, l)
		if _, err := join(t.Context(), h, streams.Key{Channel: "b", Profile: streams.Main}); !errors.Is(err, streams.ErrNoChannel) {
			t.Fatalf("unknown channel: %v", err)
		}
		if _, err := join(t.Context(), h, streams.Key{Channel: "a", Profile: streams.Sub}); !errors.Is(err, streams.ErrNoStream) {
			t.Fatalf("no sub stream: %v", err)
		}
		var f *streams.Failure
		for range 2 {
			if _, err := join(t.Context(), h, key); !errors.As(err, &f) || f.Reason != event.Unauthorized {
				t.Fatalf("refused password: %v", err)
			}
		}
		if n := c.opened.Load(); n != 1 {
			t.Fatalf("a refused password was tried %d times", n)
		}
		synctest.Wait()
		if l.failed != 1 || l.reason != event.Unauthorized {
			t.Fatalf("observer heard %+v", l)
		}
		time.Sleep(31 * time.Minute)
		join(t.Context(), h, key)
		if n := c.opened.Load(); n != 2 {
			t.Fatalf("tried %d times after the lockout, want 2", n)
		}
		h.Changed(registry.Empty(), registry.Transaction{Put: []registry.Channel{{ID: "a"}}})
		join(t.Context(), h, key)
		if n := c.opened.Load(); n != 3 {
			t.Fatalf("tried %d times after an edit, want 3", n)
		}
		h.Close()
		if _, err := join(t.Context(), h, key); !errors.Is(err, streams.ErrClosed) {
			t.Fatalf("closed hub: %v", err)
		}
	})
}

// A camera that fails is not hammered, whatever its readers do.
func TestFailedPullIsNotTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, l := &camera{fail: &streams.Failure{Reason: event.ConnectRefused, Detail: "no"}}, &log{}
		h := newHub(c, l)
		var f *streams.Failure
		for range 100 {
			if _, err := join(t.Context(), h, key); !errors.As(err, &f) || f.Reason != event.ConnectRefused {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n := c.opened.Load(); n != 1 || l.failed != 1 {
			t.Fatalf("100 readers made %d attempts and %d failures to tell", n, l.failed)
		}
		for range 600 { // a minute of a reader that asks ten times a second
			join(t.Context(), h, key)
			time.Sleep(100 * time.Millisecond)
		}
		if n := c.opened.Load(); n > 12 {
			t.Fatalf("%d attempts in a minute", n)
		}
		c.fail = nil
		time.Sleep(time.Minute)
		r, err := join(t.Context(), h, key)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		h.Close()
	})
}

// A reader at half of the camera's rate loses all the time, although its queue is often empty.
func TestReaderThatLosesAllTheTimeIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		r, _ := join(t.Context(), h, key)
		r.Play()
		var err error
		for i := 0; err == nil && i < 3000; i++ {
			c.send(i%25 == 0, 96)
			time.Sleep(40 * time.Millisecond)
			if i%24 != 0 {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err = r.Next(ctx, nil) // ten units are all that its queue holds
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				err = nil
			}
		}
		if !errors.Is(err, streams.ErrBehind) {
			t.Fatalf("got %v, want ErrBehind", err)
		}
		r.Close()
		h.Close()
	})
}

// What a reader missed before a pause is not held against it after.
func TestPauseForgivesTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		r, _ := join(t.Context(), h, key)
		r.Play()
		for range 12 {
			c.send(true, 96)
		}
		r.Pause()
		time.Sleep(time.Minute)
		r.Play()
		for range 12 {
			c.send(true, 96)
		}
		if _, err := r.Next(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		r.Close()
		h.Close()
	})
}
