package source

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

func TestReorder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		in, want []int // sequence numbers
		late     int   // which packet comes after the delay; 0: none
	}{
		{name: "in order", in: []int{65534, 65535, 0, 1}, want: []int{65534, 65535, 0, 1}},
		{name: "two change places", in: []int{1, 3, 2, 4}, want: []int{1, 2, 3, 4}},
		{name: "far apart", in: []int{1, 5, 4, 3, 2, 6}, want: []int{1, 2, 3, 4, 5, 6}},
		{name: "there twice", in: []int{1, 2, 2, 4, 4, 3, 5}, want: []int{1, 2, 3, 4, 5}},
		{name: "lost, and waited for", in: []int{1, 3, 4, 5}, want: []int{1, 3, 4, 5}, late: 3},
		{name: "still waited for", in: []int{1, 3, 4, 5}, want: []int{1}},
		{name: "too late", in: []int{1, 3, 4, 2, 5}, want: []int{1, 3, 4, 5}, late: 2},
		{name: "many lost", in: []int{1, 3, 40}, want: []int{1, 3, 40}},
		{name: "a restart far away", in: []int{1, 2, 4, 30_000, 30_001}, want: []int{1, 2, 4, 30_000, 30_001}},
		{name: "a restart nearby", in: []int{50, 51, 20, 21, 22, 23, 24}, want: []int{50, 51, 20, 21, 22, 23, 24}},
		{name: "old ones", in: []int{50, 20, 51, 21, 52, 22, 53, 23, 54}, want: []int{50, 51, 52, 53, 54}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var r reorder
			var got []int
			emit := func(frame []byte) { got = append(got, int(binary.BigEndian.Uint16(frame[frameHeader+2:]))) }
			now := time.Now()
			for i, n := range c.in {
				if c.late > 0 && i == c.late {
					now = now.Add(2 * reorderDelay)
				}
				e := &encoder{kind: 96, ssrc: 1, sequence: uint16(n)}
				r.packet(e.frame([]byte{1}, false), now, emit)
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
		})
	}
}

func FuzzReorder(f *testing.F) {
	f.Add([]byte{0, 1, 0, 3, 0, 2, 0, 90, 200, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r reorder
		in, out := 0, 0
		emit := func([]byte) { out++ }
		now := time.Now()
		for ; len(b) > 1; b = b[2:] {
			e := &encoder{kind: 96, ssrc: 1, sequence: binary.BigEndian.Uint16(b)}
			r.packet(e.frame([]byte{1}, false), now, emit)
			in++
			now = now.Add(time.Millisecond)
		}
		r.flush(emit)
		if out > in || r.count != 0 {
			t.Fatalf("%d in, %d out, %d wait", in, out, r.count)
		}
	})
}
