package streams_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/streams"
)

// lend sends a unit that lies in a loan of its own.
func (c *camera) lend(keyframe bool, fill byte) (*streams.Unit, *streams.Loan) {
	b := append([]byte{'$', 0, 0, 20}, bytes.Repeat([]byte{fill}, 20)...)
	l := new(streams.Loan)
	u := l.Lend(0, b, 1)
	u.Keyframe, u.At = keyframe, time.Now()
	c.deliver(u)
	return u, l
}

// What nobody but the pull had comes back with the next GOP; what a reader has never does.
func TestLoansComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		h := newHub(c, &log{})
		defer h.Close()
		r, err := join(t.Context(), h, key)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var had int
		answer := streams.Took
		r.Direct(func(u *streams.Unit) streams.Taken {
			had += u.Size()
			return answer
		})
		if _, l := c.lend(false, 1); !l.Returned() {
			t.Error("a unit that nobody wants is not given back")
		}
		cached, first := c.lend(true, 2)
		if first.Returned() {
			t.Fatal("a unit of the cache is given back")
		}
		r.Play()
		if units := next(t, r); len(units) != 1 || !bytes.Contains(units[0].Interleaved(), []byte{2, 2, 2}) {
			t.Fatalf("got %v", units)
		}
		woken := make(chan []*streams.Unit)
		wait := func() {
			go func() { woken <- next(t, r) }()
			synctest.Wait()
		}
		wait()
		_, second := c.lend(true, 3)
		third, inter := c.lend(false, 4)
		if first.Returned() || !first.Kept() || cached.Size() != 24 {
			t.Error("the cache's unit is given back although a reader had it")
		}
		if had != 48 || second.Returned() || inter.Returned() {
			t.Fatalf("%d bytes went the short way", had)
		}
		answer = streams.TookPart
		_, part := c.lend(true, 5)
		<-woken
		if !second.Returned() || !inter.Returned() || third.Size() != 0 {
			t.Error("what was only taken directly is not given back")
		}
		_, queued := c.lend(false, 6) // nobody waits for it
		c.lend(true, 7)
		if part.Returned() || queued.Returned() || !part.Kept() || !queued.Kept() {
			t.Error("a unit is given back that a reader has not done with")
		}
	})
}
