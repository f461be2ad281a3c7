package streams_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"sharpeyes/streams"
)

// BenchmarkDeliver is one picture of 10 kB through a pull until all of its readers' goroutines have it.
func BenchmarkDeliver(b *testing.B) {
	for _, readers := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			c := &camera{}
			h := newHub(c, &log{})
			defer h.Close()
			ctx, cancel := context.WithCancel(context.Background())
			got := make(chan struct{}, readers)
			var wg sync.WaitGroup
			for range readers {
				r, err := join(ctx, h, key)
				if err != nil {
					b.Fatal(err)
				}
				defer r.Close()
				r.Play()
				wg.Go(func() {
					var units []*streams.Unit
					var err error
					for {
						if units, err = r.Next(ctx, units[:0]); err != nil {
							return
						}
						got <- struct{}{}
					}
				})
			}
			u := streams.NewUnit(0, false, 10<<10)
			for range 7 {
				u.Append(make([]byte, 1400))
			}
			u.Keyframe, u.At = true, time.Now()
			b.SetBytes(int64(u.Size() * readers))
			b.ReportAllocs()
			for b.Loop() {
				c.deliver(u)
				for range readers {
					<-got
				}
			}
			cancel()
			wg.Wait()
		})
	}
}
