package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"sharpeyes/registry/event"
)

// notConnected is the result of a connection that didn't come to be.
func notConnected(ctx context.Context, t target, took time.Duration, err error) Result {
	if r, ok := nothingSaid(ctx, err); ok {
		return r
	}
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup):
		return offline(event.Unreachable, "The name of "+t.host+" can't be resolved.")
	case errors.Is(err, syscall.ECONNREFUSED):
		return offline(event.ConnectRefused, t.host+" refused the connection.")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return offline(event.NoAnswer, t.host+" closed the connection without an answer.")
	case isTimeout(err):
		return offline(event.ConnectTimeout, t.host+" could not be connected to within "+seconds(took)+".")
	}
	return offline(event.Unreachable, "There is no way to "+t.host+".")
}

// noAnswer is the result of a connection on which no answer came, or no TLS came to be.
//
// A camera that resets or closes the connection right after it was made counts as one that doesn't
// answer, not as one that refuses: something listens there (the camera's kernel, a port forwarder
// whose camera is gone), which is another fault to look for than a closed port.
func noAnswer(ctx context.Context, t target, took time.Duration, err error) Result {
	if r, ok := nothingSaid(ctx, err); ok {
		return r
	}
	switch {
	case isTimeout(err):
		return offline(event.NoAnswer, t.host+" accepted the connection and gave no answer within "+seconds(took)+".")
	case isCut(err):
		return offline(event.NoAnswer, t.host+" closed the connection without an answer.")
	case t.tls:
		return offline(event.TLS, "TLS with "+t.host+" failed.")
	}
	return offline(event.Unreachable, "The connection to "+t.host+" was lost.")
}

// nothingSaid reports whether the error says nothing of the camera: the probe was cancelled, or the
// gateway's own machine has no descriptors, ports or memory for another socket.
func nothingSaid(ctx context.Context, err error) (Result, bool) {
	if cancelled(ctx) {
		return Result{State: event.Unknown, Detail: "The probe was cut short."}, true
	}
	for _, own := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, own) {
			return Result{State: event.Unknown, Detail: "The gateway has no sockets left to probe with."}, true
		}
	}
	return Result{}, false
}

// cancelled reports whether the probe was cut short, and not by its deadline.
func cancelled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

func offline(reason event.Reason, detail string) Result {
	return Result{State: event.Offline, Reason: reason, Detail: detail}
}

// isTimeout reports whether the deadline passed, or the kernel gave up.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &timeout) && timeout.Timeout()
}

// isCut reports whether the other side ended the connection.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// seconds is how long something took, as an operator reads it.
func seconds(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }
