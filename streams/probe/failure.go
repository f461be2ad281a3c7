package probe

import (
	"context"
	"errors"
	"syscall"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// failure is the result of a probe that got no answer. It speaks of the same fault in the words in
// which a pull does, so that the two confirm each other.
//
// A camera that resets or closes the connection right after it was made counts as one that doesn't
// answer, not as one that refuses: something listens there (the camera's kernel, a port forwarder
// whose camera is gone), which is another fault to look for than a closed port.
func failure(ctx context.Context, t target, connected bool, err error) Result {
	if cancelled(ctx) {
		return Result{State: event.Unknown, Detail: "the probe was cut short"}
	}
	if noSockets(err) {
		return Result{State: event.Unknown, Detail: "the gateway has no sockets left to probe with"}
	}
	f := streams.Explain(err, connected, t.host)
	if t.tls && f.Reason == event.BadAnswer { // an alert, or one of the many ways to fail a handshake
		f.Reason, f.Detail = event.TLS, t.host+" did not agree on TLS"
	}
	return Result{State: event.Offline, Reason: f.Reason, Detail: f.Detail}
}

// noSockets reports whether it is the gateway that is out of something.
func noSockets(err error) bool {
	for _, own := range [...]syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// cancelled reports whether the probe was cut short, and not by its deadline.
func cancelled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
