package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

type statsInput struct {
	request
	Filters
	By string `query:"by" doc:"class, site, scenario; several joined by commas; empty for the total alone" example:"class,scenario"`
}

type statsOutput struct{ Body registry.Stats }

func (a *API) statsOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "get-stats", Method: http.MethodGet, Path: prefix + "/stats", Tags: []string{"channels"},
		Summary:     "Count channels by state",
		Description: "The online rate is (online + degraded) / (total - disabled), 0 to 1.",
	}, func(ctx context.Context, in *statsInput) (*statsOutput, error) {
		s, err := a.stats(ctx, in.r.URL.Query())
		return &statsOutput{s}, err
	})
}
