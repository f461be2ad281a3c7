package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// counted is a source that counts how long each stream was open. Cameras whose ids begin with dead
// answer nothing.
type counted struct {
	mu         sync.Mutex
	open, most int
	opened     map[string]int
	time       map[string]time.Duration
}

func (c *counted) Pull(ctx context.Context, ch registry.Channel, _ streams.Profile, sink streams.Sink) error {
	began := time.Now()
	c.mu.Lock()
	c.open++
	c.most = max(c.most, c.open)
	c.opened[ch.ID]++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.open--
		c.time[ch.ID] += time.Since(began)
		c.mu.Unlock()
	}()
	if strings.HasPrefix(ch.ID, "dead") {
		return &streams.Failure{Reason: event.ConnectRefused, Detail: "dead"}
	}
	sink.Describe(&streams.Description{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96}}}}})
	sink.Playing()
	<-ctx.Done()
	time.Sleep(50 * time.Millisecond) // until the connection is gone
	return ctx.Err()
}

type deaf struct{}

func (deaf) Started(registry.Channel, streams.Info)                            {}
func (deaf) Stopped(registry.Channel, streams.Info)                            {}
func (deaf) Failed(registry.Channel, streams.Info, *streams.Failure)           {}
func (deaf) Watched(registry.Channel, streams.Key, streams.Who, time.Duration) {}

func countedHub(most, perDevice int) (*counted, *streams.Hub) {
	c := &counted{opened: map[string]int{}, time: map[string]time.Duration{}}
	return c, streams.NewHub(streams.Options{
		Source: c, Observer: deaf{}, Linger: 15 * time.Second, Queue: 1000, StartTimeout: 10 * time.Second,
		MaxPulls: most, MaxPerDevice: perDevice, Log: slog.New(slog.DiscardHandler),
		Channel: func(id string) (registry.Channel, bool) {
			return registry.Channel{ID: id, URL: "rtsp://10.0.0.1/" + id, Transport: "auto", Enabled: true}, true
		},
	})
}

// watch runs always with streams of the given shares.
func watchShares(t *testing.T, h *streams.Hub, budget int, shares map[string]int) (a *always, stop func()) {
	t.Helper()
	a = newAlways(h, budget, func(registry.Channel) bool { return true })
	a.want = map[streams.Key]int{}
	for id, share := range shares {
		a.want[streams.Key{Channel: id, Profile: streams.Main}] = share
	}
	a.signal()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	return a, func() {
		t.Helper()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		h.Close()
	}
}

// Over a day each is watched by its share, and never more than the budget at once; cameras that
// aren't there cost the others little.
func TestAlwaysIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h := countedHub(0, 0)
		shares := map[string]int{}
		for i := range 10 {
			shares[fmt.Sprintf("first%d", i)] = 3
			shares[fmt.Sprintf("second%d", i)] = 2
			shares[fmt.Sprintf("third%d", i)] = 1
			shares[fmt.Sprintf("dead%d", i)] = 1
		}
		_, stop := watchShares(t, h, 7, shares)
		time.Sleep(24 * time.Hour)
		stop()
		if c.most != 7 {
			t.Errorf("at most %d were pulled at once, want the budget, 7", c.most)
		}
		var sum time.Duration
		for _, d := range c.time {
			sum += d
		}
		if used := sum.Hours() / (7 * 24); used < 0.9 {
			t.Errorf("the budget was used to %.0f%%", 100*used)
		}
		// 60 shares of those that are there, and some for those that aren't.
		one := sum / 60
		for id, share := range shares {
			got, want := c.time[id].Hours(), (time.Duration(share) * one).Hours()
			if strings.HasPrefix(id, "dead") {
				if c.opened[id] == 0 {
					t.Errorf("%s was never tried", id)
				}
			} else if got < 0.97*want || got > 1.03*want {
				t.Errorf("%s was watched for %.2f h, want %.2f", id, got, want)
			}
		}
	})
}

// Where the budget is enough, nothing is ever let go, and what the registry asks for is followed.
func TestAlwaysHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h := countedHub(0, 0)
		a, stop := watchShares(t, h, 3, map[string]int{"a": 3, "b": 1, "dead": 1})
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		c.mu.Lock()
		if c.opened["a"] != 1 || c.opened["b"] != 1 || c.opened["dead"] < 100 || c.opened["dead"] > 1000 {
			t.Errorf("opened %v", c.opened)
		}
		c.mu.Unlock()
		pulled := func(want ...string) {
			t.Helper()
			time.Sleep(3 * time.Second)
			synctest.Wait()
			var got []string
			for _, p := range h.Pulls() {
				got = append(got, p.Key.Channel)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v are pulled, want %v", got, want)
			}
		}
		choose := func(ids ...string) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.want = map[streams.Key]int{}
			for _, id := range ids {
				a.want[streams.Key{Channel: id, Profile: streams.Main}] = 1
			}
			a.signal()
		}
		choose("b", "c")
		pulled("b", "c")
		choose()
		pulled()
		choose("a", "b", "c")
		pulled("a", "b", "c")
		a.limit(1)
		time.Sleep(3 * time.Second)
		if n := len(h.Pulls()); n != 1 {
			t.Errorf("%d are pulled with a budget of 1", n)
		}
		a.limit(0)
		pulled()
		a.limit(8)
		time.Sleep(10 * time.Second)
		pulled("a", "b", "c")
		stop()
	})
}

// Readers get every pull that the gateway, or a recorder, has to give, and what is left is watched.
func TestAlwaysGivesWay(t *testing.T) {
	for name, most := range map[string][2]int{"gateway": {4, 0}, "recorder": {0, 4}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, h := countedHub(most[0], most[1])
				_, stop := watchShares(t, h, 4, map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1})
				time.Sleep(10 * time.Minute)
				var readers []*streams.Reader
				for i := range 4 {
					began := time.Now()
					r, err := h.Join(t.Context(), streams.Key{Channel: fmt.Sprint("read", i), Profile: streams.Main}, streams.Who{Kind: "test"})
					if err != nil {
						t.Fatal(err)
					}
					if d := time.Since(began); d > time.Second {
						t.Errorf("reader %d waited %v", i, d)
					}
					readers = append(readers, r)
					time.Sleep(90 * time.Second)
				}
				for _, p := range h.Pulls() {
					if p.Readers == 0 {
						t.Errorf("%v is pulled for nobody", p.Key)
					}
				}
				for _, r := range readers {
					select {
					case <-r.Ended():
						t.Error("a reader's pull ended")
					default:
					}
				}
				c.mu.Lock()
				if c.most > 4 {
					t.Errorf("%d were pulled at once", c.most)
				}
				c.mu.Unlock()
				for _, r := range readers {
					r.Close()
				}
				time.Sleep(3*time.Minute + 500*time.Millisecond) // not at a moment when turns end
				synctest.Wait()
				if n := len(h.Pulls()); n != 4 {
					t.Errorf("%d are pulled when the readers have left, want 4", n)
				}
				stop()
			})
		})
	}
}
