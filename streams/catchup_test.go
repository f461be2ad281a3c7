package streams

import (
	"sync/atomic"
	"testing"
	"time"
)

// picture is one of a camera's, a frame of 40 ms each.
func picture(origin uint32, n int, keyframe bool) *Unit {
	u := rtpUnit(time.Now(), uint16(n), origin+uint32(n)*3600, 7)
	u.Keyframe = keyframe
	return u
}

// Whenever a reader joins, the pictures that it is sent are in the order in which the camera took
// them, the squeezed ones among each other and with those that follow live.
func TestSqueezeKeepsTheOrder(t *testing.T) {
	const gops, length = 3, 49
	for name, pattern := range map[string][]int{
		"without B pictures": {0, 1, 2, 3, 4, 5, 6},
		"with B pictures":    {0, 3, 1, 2, 6, 4, 5},
		"a pyramid":          {0, 6, 3, 1, 2, 4, 5},
	} {
		t.Run(name, func(t *testing.T) {
			origin := uint32(1<<32 - 4*length/2*3600) // the timestamps wrap on the way
			var stream []*Unit
			for i := range gops * length {
				stream = append(stream, picture(origin, i/7*7+pattern[i%7], i%length == 0))
			}
			cache := gop{usual: 1 << 20, shared: new(atomic.Int64)}
			for i, u := range stream {
				cache.add(u)
				if i < length {
					continue // what the order is like must have been seen
				}
				all := squeeze(nil, cache.units, cache.order.depth, 90000)
				if len(all) != i%length+1 {
					t.Fatalf("%d pictures %d after the keyframe", len(all), i%length)
				}
				type at struct{ was, is uint32 }
				var times []at
				for _, e := range all {
					_, is, _ := header(e.taken())
					if d := int32(cache.order.highest - is); d < 0 || d > 9000+int32(cache.order.depth) {
						t.Fatalf("a picture is %d before the live edge", d)
					}
					times = append(times, at{e.unit.stamp(), is})
				}
				for _, u := range stream[i+1 : min(i+1+length, len(stream))] {
					times = append(times, at{u.stamp(), u.stamp()})
				}
				for a := range times {
					for b := range a {
						was, is := int32(times[a].was-times[b].was), int32(times[a].is-times[b].is)
						if was > 0 != (is > 0) || was < 0 != (is < 0) {
							t.Fatalf("joined after %d pictures: two that were %d apart are %d", i, was, is)
						}
					}
				}
			}
		})
	}
}

func TestSqueezeTouchesOnlyCopies(t *testing.T) {
	var units []*Unit
	for i := range 50 {
		units = append(units, picture(1000, i, i == 0))
	}
	all := squeeze(nil, units, 0, 90000)
	if all[0].taken() == units[0] {
		t.Error("a picture of two seconds ago is not restamped")
	}
	if all[49].taken() != units[49] {
		t.Error("the latest picture is copied")
	}
	for _, e := range squeeze(nil, units[:3], 0, 90000) {
		if e.taken() != e.unit {
			t.Error("a short cache is copied")
		}
	}
	if _, stamp, _ := header(units[0]); stamp != 1000 {
		t.Error("the cached unit itself was changed")
	}
}

// Keyframes may be far apart: the cache grows beyond the usual, as long as all of them together are
// bounded, and gives back what it took.
func TestCacheOfALongGOP(t *testing.T) {
	shared := new(atomic.Int64)
	cache := gop{usual: 100, shared: shared}
	size := int64(picture(0, 0, true).Size())
	cache.add(picture(0, 0, false))
	if len(cache.units) != 0 {
		t.Fatal("the cache begins without a keyframe")
	}
	for i := range 1000 {
		cache.add(picture(0, i, i == 0))
	}
	if len(cache.units) != 1000 || shared.Load() != 1000*size-100 {
		t.Fatalf("%d pictures, %d bytes beyond the usual", len(cache.units), shared.Load())
	}
	shared.Add(mostMore - shared.Load())
	cache.add(picture(0, 1000, false))
	if len(cache.units) != 0 || shared.Load() != mostMore-1000*size+100 {
		t.Fatalf("%d pictures and %d bytes when there was no more room", len(cache.units), shared.Load())
	}
	cache.add(picture(0, 1001, false))
	if len(cache.units) != 0 {
		t.Fatal("a cache with a hole")
	}
	for i := range mostPictures + 1 {
		cache.add(picture(0, 2000+i, i == 0))
		if len(cache.units) > mostPictures {
			t.Fatal("too many pictures")
		}
	}
	cache.clear()
	if got := shared.Load(); got != mostMore-1000*size+100 {
		t.Fatalf("%d bytes were not given back", got-(mostMore-1000*size+100))
	}
}
