package streams_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
)

// A reader that takes nothing holds what its queue may hold and no more, is sent away, and a hundred
// others are none the worse.
func TestReaderThatTakesNothingHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const others, size = 100, 10 << 10
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := mainOf("a")
		ctx, cancel := context.WithCancel(t.Context())
		dead, err := join(ctx, h, a)
		if err != nil {
			t.Fatal(err)
		}
		defer dead.Close()
		dead.Play()
		got := make([]int, others)
		var wg sync.WaitGroup
		for i := range others {
			r, err := join(ctx, h, a)
			if err != nil {
				t.Fatal(err)
			}
			r.Play()
			wg.Go(func() {
				defer r.Close()
				var units []*streams.Unit
				for {
					var err error
					if units, err = r.Next(ctx, units[:0]); err != nil {
						return
					}
					got[i] += len(units)
				}
			})
		}
		const seconds, perSecond = 40, 25
		for i := range seconds * perSecond {
			c.deliver(a, picture(uint16(i), i%perSecond == 0, size))
			synctest.Wait()
			if i%perSecond == 0 {
				for _, r := range mustInfo(t, h, a).ReadersList {
					if r.Queued > 1<<20 {
						t.Fatalf("%d bytes wait for a reader", r.Queued)
					}
				}
			}
			time.Sleep(time.Second / perSecond)
		}
		if _, err := dead.Next(ctx, nil); !errors.Is(err, streams.ErrBehind) {
			t.Errorf("the reader that takes nothing: %v", err)
		}
		if s := h.Stats(); s.Behind != 1 || s.Joined != others || s.Bytes < seconds*perSecond*size {
			t.Errorf("%+v", s)
		}
		cancel()
		wg.Wait()
		for i, n := range got {
			if n != seconds*perSecond {
				t.Fatalf("reader %d got %d of %d pictures", i, n, seconds*perSecond)
			}
		}
	})
}

// picture is one of a stream of 25 a second, in one packet.
func picture(seq uint16, keyframe bool, size int) *streams.Unit {
	raw := make([]byte, size)
	raw[0], raw[1] = 0x80, 96
	binary.BigEndian.PutUint16(raw[2:], seq)
	binary.BigEndian.PutUint32(raw[4:], uint32(seq)*3600)
	u := streams.NewUnit(0, false, size+4)
	u.Append(raw)
	u.Keyframe, u.At = keyframe, time.Now()
	return u
}

// report is a sender report.
func report() *streams.Unit {
	raw := make([]byte, 28)
	raw[0], raw[1], raw[3] = 0x80, 200, 6
	u := streams.NewUnit(0, true, len(raw)+4)
	u.Append(raw)
	u.At = time.Now()
	return u
}

// The sender reports come first, however a reader comes to its first picture: without them sound and
// picture can't be put in step.
func TestReportsComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCity()
		h := cityHub(c, &log{}, 0)
		defer h.Close()
		a := mainOf("a")
		kinds := func(r *streams.Reader) (control []bool) {
			for len(control) < 2 {
				for _, u := range next(t, r) {
					control = append(control, u.Control)
				}
			}
			return control
		}
		early, err := join(t.Context(), h, a)
		if err != nil {
			t.Fatal(err)
		}
		defer early.Close()
		early.Play()
		c.deliver(a, report())
		c.deliver(a, picture(1, false, 100)) // which nobody can begin with
		c.deliver(a, picture(2, true, 100))
		if k := kinds(early); !k[0] || k[1] {
			t.Errorf("before the first keyframe: %v", k)
		}
		late, err := join(t.Context(), h, a)
		if err != nil {
			t.Fatal(err)
		}
		defer late.Close()
		late.Play()
		if k := kinds(late); !k[0] || k[1] {
			t.Errorf("after it: %v", k)
		}
		// The report of a new connection is of use only once its first packet has come.
		c.breakOff(a)
		time.Sleep(3 * time.Second)
		c.deliver(a, report())
		c.deliver(a, picture(500, true, 100))
		if k := kinds(early); !k[0] || k[1] {
			t.Errorf("after a reconnect: %v", k)
		}
	})
}

func mustInfo(t *testing.T, h *streams.Hub, key streams.Key) streams.Info {
	t.Helper()
	i, ok := h.Info(key)
	if !ok {
		t.Fatalf("nothing is known of %v", key)
	}
	return i
}
