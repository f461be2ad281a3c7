package api

import (
	"errors"
	"net/http"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/live"
)

// noAnswer is for who waited in vain for a camera, whatever kept it.
var noAnswer = &streams.Failure{Reason: event.NoAnswer, Detail: "the camera did not answer in time"}

// streamProblem is the part of the table that is about streams; nil when the error isn't.
func streamProblem(err error) *Problem {
	var failure *streams.Failure
	switch {
	case errors.As(err, &failure):
		p := problem(http.StatusServiceUnavailable, failure.Error())
		p.Reason = string(failure.Reason)
		if failure.Reason != event.Unauthorized { // which is no matter of seconds
			p.with("Retry-After", "2")
		}
		return p
	case errors.Is(err, streams.ErrNoChannel), errors.Is(err, streams.ErrNoStream):
		return problem(http.StatusNotFound, err.Error())
	case errors.Is(err, streams.ErrDisabled):
		return problem(http.StatusConflict, err.Error())
	case errors.Is(err, live.ErrUnplayable):
		return problem(http.StatusUnsupportedMediaType, err.Error())
	case errors.Is(err, streams.ErrQuota):
		return problem(http.StatusServiceUnavailable, err.Error()).with("Retry-After", "10")
	case errors.Is(err, streams.ErrClosed), errors.Is(err, streams.ErrEdited), errors.Is(err, streams.ErrRedescribed):
		return problem(http.StatusServiceUnavailable, err.Error()).with("Retry-After", "2")
	}
	return nil
}
