package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

var errStalled = errors.New("the camera sends nothing any more")

// explain finds the reason in what went wrong. No sentence holds words of the camera's own: it was
// told the password.
func (s *session) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*redirect](err); ok {
		return err
	}
	fail := func(r event.Reason, format string, args ...any) error {
		return &streams.Failure{Reason: r, Detail: s.target.address + " " + fmt.Sprintf(format, args...), Err: err}
	}
	status, refused := errors.AsType[*statusError](err)
	switch {
	case refused:
		return fail(reason(status.code), "answered %s with %d %s", status.method, status.code, base.StatusMessages[base.StatusCode(status.code)])
	case errors.Is(err, errRefused):
		return fail(event.Unauthorized, "refused the password")
	case errors.Is(err, errNoPassword):
		return fail(event.Unauthorized, "asks for a password, and the channel has none")
	case errors.Is(err, errUnknownProof):
		return fail(event.Unauthorized, "asks for a kind of authentication that is not understood")
	case errors.Is(err, errTLS):
		return fail(event.TLS, "did not agree on TLS")
	case errors.Is(err, errSpeaksTLS):
		return fail(event.TLS, "speaks TLS on this port: its URL begins with rtsps")
	case errors.Is(err, errNotRTSP):
		return fail(event.BadAnswer, "answered something that is not RTSP")
	case errors.Is(err, errOnlyBack):
		return fail(event.NoPackets, "describes nothing that it sends")
	case errors.Is(err, errEncrypted):
		return fail(event.BadAnswer, "sends encrypted media only, which is not understood")
	case errors.Is(err, errNoMedia):
		return fail(event.BadAnswer, "gave a description that is not understood")
	case errors.Is(err, errOnlyUDP):
		return fail(event.BadAnswer, "sends over UDP only")
	case errors.Is(err, errOnlyTCP):
		return fail(event.BadAnswer, "sends over TCP only")
	case errors.Is(err, errNoUDP):
		return fail(event.NoPackets, "sent nothing over UDP for %v", min(udpProbation, s.source.StallTimeout/2))
	case errors.Is(err, errStalled):
		return fail(event.NoPackets, "sent nothing for %v", s.source.StallTimeout)
	case errors.Is(err, errEnded):
		return fail(event.NoPackets, "ended the session")
	case errors.Is(err, errGarbage):
		return fail(event.BadAnswer, "sends what is no longer understood")
	}
	return streams.Explain(err, s.nc != nil, s.target.address)
}

func reason(code int) event.Reason {
	switch code {
	case 401, 403:
		return event.Unauthorized
	case 404, 410:
		return event.NotFound
	case 453, 503:
		return event.SessionFull
	}
	return event.BadAnswer
}

// stillThere reports whether a camera may be listening after the error.
func stillThere(err error) bool {
	for _, gone := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, os.ErrDeadlineExceeded,
		errEnded, errGarbage, errNotRTSP,
	} {
		if errors.Is(err, gone) {
			return false
		}
	}
	return true
}
