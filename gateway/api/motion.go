package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// MotionReport is what a detector outside says of a channel.
type MotionReport struct {
	ID    string    `json:"id" doc:"the channel's"`
	State string    `json:"state,omitempty" enum:"started,ended" doc:"left out: something moves now, which ends by itself when motion.hold has passed without another report"`
	Score float64   `json:"score,omitempty" doc:"0 to 1; 1 when it is left out"`
	At    time.Time `json:"at,omitzero" doc:"left out: now; within an hour of it"`
}

type motionInput struct{ request }

func (a *API) motionOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "report-motion", Method: http.MethodPost, Path: prefix + "/motion:report", Tags: []string{"events"},
		Summary:       "Say that something moves",
		Description:   "For detectors of one's own. What they say and what the gateway sees itself is one motion at a time a channel.",
		DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *motionInput) (*emptyOutput, error) {
		var m MotionReport
		if err := decodeStrictly(in.request, &m); err != nil {
			return nil, err
		}
		return nil, a.reportMotion(ctx, m)
	})
}

// reportMotion takes a report about a channel that the asker may edit.
func (a *API) reportMotion(ctx context.Context, m MotionReport) error {
	now := time.Now()
	if m.At.IsZero() {
		m.At = now
	}
	if m.Score == 0 {
		m.Score = 1
	}
	var wrong registry.FieldErrors
	if m.State != "" && m.State != "started" && m.State != "ended" {
		wrong = append(wrong, registry.FieldError{Column: "state", Value: m.State, Message: "write started or ended, or leave it out"})
	}
	if !(m.Score > 0 && m.Score <= 1) {
		wrong = append(wrong, registry.FieldError{Column: "score", Message: "write 0 to 1"})
	}
	if d := now.Sub(m.At); d > time.Hour || d < -time.Hour {
		wrong = append(wrong, registry.FieldError{Column: "at", Value: m.At.Format(time.RFC3339), Message: "is more than an hour from now: see to the clock"})
	}
	if len(wrong) > 0 {
		return wrong
	}
	c, ok := a.o.Catalogue.Snapshot().Get(m.ID)
	if !ok || !granted(ctx, "edit", &c) && !granted(ctx, "list", &c) {
		return noChannel(m.ID)
	}
	if !granted(ctx, "edit", &c) {
		return errForbidden
	}
	a.o.Report(m.ID, m.State, m.At, m.Score)
	return nil
}
