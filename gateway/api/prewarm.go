package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

const (
	maxPrewarmed   = 256 // streams in one request
	prewarmUsually = 30 * time.Second
	prewarmLongest = 10 * time.Minute

	prewarmPath = prefix + "/streams:prewarm"
)

// prewarming is a request to open streams.
type prewarming struct {
	IDs     []string `json:"ids" doc:"channels, at most 256"`
	Profile string   `json:"profile,omitempty" enum:"main,sub" doc:"left out: main"`
	For     string   `json:"for,omitempty" doc:"how long they stay open without a reader, at most 10m; left out: 30s" example:"30s"`
}

// Prewarmed is what became of one of the streams.
type Prewarmed struct {
	ID      string   `json:"id"`
	Profile string   `json:"profile" enum:"main,sub"`
	OK      bool     `json:"ok" doc:"it is open, or being opened"`
	Problem *Problem `json:"problem,omitempty" doc:"why it isn't"`
}

type prewarmInput struct{ request }

type prewarmOutput struct {
	Body struct {
		Items []Prewarmed `json:"items" doc:"in the order of the request"`
	}
}

func (a *API) prewarmOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "prewarm-streams", Method: http.MethodPost, Path: prewarmPath, Tags: []string{"streams"},
		Summary:     "Open streams that will soon be watched",
		Description: "For the next pictures of a wall. It doesn't wait for the cameras. Whoever may watch may ask.",
	}, a.prewarm)
}

func (a *API) prewarm(ctx context.Context, in *prewarmInput) (*prewarmOutput, error) {
	var p prewarming
	if err := decodeStrictly(in.request, &p); err != nil {
		return nil, err
	}
	wrong := func(field, value, message string) error {
		return registry.FieldErrors{{Column: field, Value: value, Message: message}}
	}
	if len(p.IDs) == 0 || len(p.IDs) > maxPrewarmed {
		return nil, wrong("ids", fmt.Sprint(len(p.IDs)), fmt.Sprintf("must be 1 to %d channels", maxPrewarmed))
	}
	profile, err := profileOf(p.Profile)
	if err != nil {
		return nil, wrong("profile", p.Profile, "must be main or sub")
	}
	d := prewarmUsually
	if p.For != "" {
		if d, err = time.ParseDuration(p.For); err != nil || d <= 0 || d > prewarmLongest {
			return nil, wrong("for", p.For, "must be a time such as 30s, at most 10m")
		}
	}
	var out prewarmOutput
	out.Body.Items = make([]Prewarmed, len(p.IDs))
	for i, id := range p.IDs {
		one := Prewarmed{ID: id, Profile: string(profile), OK: true}
		if err := a.mayView(ctx, id); err != nil {
			one.OK, one.Problem = false, a.problemOf(ctx, "prewarming", err)
		} else if err := a.o.Live.Prewarm(streams.Key{Channel: id, Profile: profile}, d); err != nil {
			one.OK, one.Problem = false, a.problemOf(ctx, "prewarming", err)
		}
		out.Body.Items[i] = one
	}
	return &out, nil
}
