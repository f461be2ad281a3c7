package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"sharpeyes/registry"
)

// Problem is an RFC 9457 problem details object, the one form of every error.
type Problem struct {
	Type   string        `json:"type" example:"about:blank" doc:"always about:blank: the status says it all"`
	Title  string        `json:"title" doc:"the status in words"`
	Status int           `json:"status" doc:"the HTTP status"`
	Detail string        `json:"detail" doc:"what went wrong this time, and how to mend it"`
	Reason string        `json:"reason,omitempty" doc:"why a camera can't be watched: connect_refused, unauthorized, session_full, no_answer and so on, as in events"`
	Errors []ProblemItem `json:"errors,omitempty" doc:"the values that can't be taken, at most 100"`
	// Changes and Version come with 409 and 412.
	Changes []registry.Change `json:"changes,omitempty" doc:"what was changed meanwhile, newest first, at most 10"`
	Version *registry.Version `json:"version,omitempty" doc:"the change that came between"`

	header http.Header
}

// ProblemItem is one value that can't be taken.
type ProblemItem struct {
	Row     int    `json:"row,omitempty" doc:"line of the imported file, the first being 1"`
	Column  string `json:"column" doc:"column of the file, field of the body or parameter of the query"`
	Value   string `json:"value" doc:"shortened; empty where it might hold a credential"`
	Message string `json:"message" doc:"how to mend it"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status; huma asks for it.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is what else the answer carries; huma asks for it.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is that of problem details; huma asks for it.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

func (p *Problem) with(header, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(header, value)
	return p
}

// badQueryError is a question that can't be understood.
type badQueryError struct{ error }

func (e badQueryError) Unwrap() error { return e.error }

// badQuery says that a parameter's value can't be taken, and how to mend it.
func badQuery(parameter, value, message string) error {
	return badQueryError{registry.FieldErrors{{Column: parameter, Value: value, Message: message}}}
}

// preconditionError is an If-Match or If-None-Match that doesn't hold.
type preconditionError struct {
	error
	channel string // whose tag was asked for; empty when nothing more can be told
}

func (e preconditionError) Unwrap() error { return e.error }

// rejectedError is a file that can't be imported.
type rejectedError struct {
	detail string
	rows   []registry.RowError
}

func (e rejectedError) Error() string { return e.detail }

// RefusedError is something that can't be done as things are. Its text says what to do instead.
type RefusedError struct{ Err error }

// Error is the text.
func (e RefusedError) Error() string { return e.Err.Error() }

// Unwrap is what refused.
func (e RefusedError) Unwrap() error { return e.Err }

// storeError is a change that the registry's store didn't take.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

// usersError is a failure to find out who asks.
type usersError struct{ error }

func (e usersError) Unwrap() error { return e.error }

// errForbidden says that the asker is known, and may not.
var errForbidden = errors.New("that isn't granted to you: ask an administrator for a grant")

// problemOf is the one table from errors to answers. What isn't in it is a fault of the gateway:
// it is logged, and the asker isn't told the details.
func (a *API) problemOf(ctx context.Context, what string, err error) *Problem {
	var (
		known     *Problem
		overtaken *registry.ConflictError
		fields    registry.FieldErrors
		file      rejectedError
		large     *http.MaxBytesError
		bad       badQueryError
		slowed    interface{ RetryAfter() time.Duration }
		denied    interface{ Denied() bool }
		refused   RefusedError
		invalid   interface{ Invalid() bool }
		unmet     preconditionError
		unsaved   storeError
		users     usersError
	)
	if p := streamProblem(err); p != nil {
		return p
	}
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes: send less at once", large.Limit))
	case errors.As(err, &file):
		p := problem(http.StatusUnprocessableEntity, file.detail)
		for _, r := range file.rows {
			p.Errors = append(p.Errors, ProblemItem{Row: r.Row, Column: r.Column, Value: r.Value, Message: r.Message})
		}
		return p
	case errors.As(err, &unmet):
		return unmetProblem(err)
	case errors.As(err, &fields):
		status := http.StatusUnprocessableEntity
		if errors.As(err, &bad) {
			status = http.StatusBadRequest
		}
		p := problem(status, err.Error())
		for _, f := range fields {
			p.Errors = append(p.Errors, ProblemItem{Column: f.Column, Value: f.Value, Message: f.Message})
		}
		return p
	case errors.As(err, &bad):
		return problem(http.StatusBadRequest, err.Error())
	case errors.Is(err, registry.ErrNotFound):
		return problem(http.StatusNotFound, err.Error())
	case errors.As(err, &overtaken):
		return conflictProblem(http.StatusConflict, overtaken)
	case errors.As(err, &invalid) && invalid.Invalid():
		return problem(http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, registry.ErrConflict), errors.As(err, &refused):
		return problem(http.StatusConflict, err.Error())
	case errors.Is(err, registry.ErrNoRoom):
		return problem(http.StatusInsufficientStorage, err.Error()+": make room there, and repeat the change; nothing was changed")
	case errors.Is(err, errForbidden):
		return problem(http.StatusForbidden, err.Error())
	case errors.As(err, &slowed):
		return problem(http.StatusTooManyRequests, err.Error()).with("Retry-After", seconds(slowed.RetryAfter()))
	case errors.As(err, &denied) && denied.Denied():
		return problem(http.StatusUnauthorized, err.Error()).with("WWW-Authenticate", `Basic realm="sharpeyes", charset="UTF-8"`)
	}
	if ctx.Err() != nil {
		return problem(http.StatusServiceUnavailable, "the request was given up before it was done")
	}
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &unsaved) && !errors.As(err, &users) {
		return problem(http.StatusServiceUnavailable, "it took too long: try again when less is asked at once").with("Retry-After", "5")
	}
	a.o.Log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("request", what), slog.Any("error", err))
	if errors.As(err, &unsaved) {
		return problem(http.StatusServiceUnavailable, "the registry's store didn't take the change; it may or may not have been made: look, and try again").with("Retry-After", "5")
	}
	if errors.As(err, &users) {
		return problem(http.StatusServiceUnavailable, "who asks can't be checked now: try again soon").with("Retry-After", "5")
	}
	return problem(http.StatusInternalServerError, "the gateway failed; its log says how")
}

func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}
