package gateway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// camera is a source that sends until it is told to end, and takes its time for that.
type camera struct{ open, most int }

const farewell = 300 * time.Millisecond

func (c *camera) Pull(ctx context.Context, _ registry.Channel, _ streams.Profile, _ streams.Sink) error {
	c.open++
	c.most = max(c.most, c.open)
	<-ctx.Done()
	time.Sleep(farewell)
	c.open--
	return ctx.Err()
}

func onRecorder(id string) registry.Channel {
	return registry.Channel{ID: id, URL: "rtsp://10.0.0.9/" + id, Username: "admin", Password: "one"}
}

// TestLooksGiveWay shows that a reader's pull of the same recorder ends a look, and begins when its
// session is given back.
func TestLooksGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{}
		turns := newTurns(c)
		looking, done, ok := turns.look(t.Context(), onRecorder("a"), 0)
		if !ok {
			t.Fatal("no look at a recorder that is left alone")
		}
		if _, _, ok := turns.look(t.Context(), onRecorder("b"), 0); ok {
			t.Error("two looks at one recorder")
		}
		looked := make(chan struct{})
		go func() {
			_ = c.Pull(looking, onRecorder("a"), streams.Main, nil)
			done()
			close(looked)
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		pulled := make(chan struct{})
		go func() {
			_ = turns.Pull(ctx, onRecorder("b"), streams.Main, nil)
			close(pulled)
		}()
		<-looked
		synctest.Wait()
		if c.open != 1 || c.most != 1 {
			t.Errorf("%d sessions, at most %d; want one at a time", c.open, c.most)
		}
		if _, _, ok := turns.look(t.Context(), onRecorder("b"), 0); ok {
			t.Error("a look at a stream that is pulled")
		}
		if _, _, ok := turns.look(t.Context(), onRecorder("a"), 1); ok {
			t.Error("a look at a recorder that gives one stream, and it is pulled")
		}
		if _, done, ok := turns.look(t.Context(), onRecorder("a"), 2); !ok {
			t.Error("no look at a recorder that has a session left")
		} else {
			done()
		}
		cancel()
		<-pulled
		if len(turns.looks)+len(turns.pulls)+len(turns.streams) > 0 {
			t.Errorf("something is left: %v %v %v", turns.looks, turns.pulls, turns.streams)
		}
	})
}

// TestPullEndsWhileLookDoes shows that a pull nobody wants any more doesn't wait for a look.
func TestPullEndsWhileLookDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(&camera{})
		_, done, _ := turns.look(t.Context(), onRecorder("a"), 0)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- turns.Pull(ctx, onRecorder("a"), streams.Main, nil) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err == nil {
			t.Error("no error")
		}
		done()
	})
}

// TestAcceptedCredentials shows that what a camera took is known until it is changed or the channel is gone.
func TestAcceptedCredentials(t *testing.T) {
	turns := newTurns(nil)
	ch := onRecorder("a")
	if turns.accepts(ch) {
		t.Error("accepted before it was asked")
	}
	turns.accepted(ch)
	if !turns.accepts(ch) {
		t.Error("forgotten")
	}
	edited := ch
	edited.Password = "two"
	if turns.accepts(edited) {
		t.Error("another password counts as accepted")
	}
	turns.changed(registry.Transaction{Delete: []string{"a"}})
	if turns.accepts(ch) {
		t.Error("remembered when the channel is gone")
	}
}
