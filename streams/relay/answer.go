package relay

import (
	"context"
	"errors"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// marshal completes a response; req may be nil when it was not understood.
func marshal(req *request, res *base.Response) ([]byte, error) {
	if res.Header == nil {
		res.Header = base.Header{}
	}
	if req != nil {
		if seq, ok := req.header["CSeq"]; ok {
			res.Header["CSeq"] = seq[:1]
		}
	}
	res.Header["Server"] = base.HeaderValue{"sharpeyes"}
	return res.Marshal()
}

func status(code base.StatusCode, why string) *base.Response {
	res := &base.Response{StatusCode: code}
	if why != "" {
		why = strings.Join(strings.Fields(why), " ") // it may hold a camera's own words
		res.StatusMessage = base.StatusMessages[code] + ": " + why
		res.Header = base.Header{"Content-Type": {"text/plain; charset=utf-8"}}
		res.Body = []byte(why + "\n")
	}
	return res
}

// inSession is a 200 that keeps the session, if there is one, alive.
func (c *connection) inSession(h base.Header) *base.Response {
	if c.session != "" {
		timeout := uint(c.server.bounds.idle.Seconds())
		h["Session"] = headers.Session{Session: c.session, Timeout: &timeout}.Marshal()
	}
	return &base.Response{StatusCode: base.StatusOK, Header: h}
}

// refusal is the answer for each error.
func (c *connection) refusal(err error) *base.Response {
	var failure *streams.Failure
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return &base.Response{StatusCode: base.StatusUnauthorized, Header: base.Header{"WWW-Authenticate": c.challenge()}}
	case errors.Is(err, ErrForbidden):
		return status(base.StatusForbidden, "")
	case errors.Is(err, streams.ErrNoChannel), errors.Is(err, streams.ErrNoStream):
		return status(base.StatusNotFound, "")
	case errors.Is(err, streams.ErrQuota):
		return status(base.StatusNotEnoughBandwidth, err.Error())
	case errors.Is(err, streams.ErrRedescribed):
		return status(base.StatusServiceUnavailable, err.Error()+"; describe again")
	case errors.As(err, &failure) && failure.Reason == event.SessionFull:
		return status(base.StatusNotEnoughBandwidth, failure.Error())
	case errors.As(err, &failure):
		return status(base.StatusServiceUnavailable, failure.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status(base.StatusServiceUnavailable, "no_answer: the camera did not answer in time")
	}
	return status(base.StatusServiceUnavailable, err.Error())
}
