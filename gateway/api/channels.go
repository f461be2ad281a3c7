package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// Filters are the parameters that say which channels are meant. They are declared for the OpenAPI
// document; registry.ParseQuery reads them, here and on NATS.
type Filters struct {
	Class    string `query:"class" doc:"1, 2, 3 or 9; several joined by commas" example:"1,2"`
	Scenario string `query:"scenario" doc:"several joined by commas" example:"campus,traffic"`
	Site     string `query:"site" doc:"a site and all that lies in it" example:"xiamen/siming"`
	State    string `query:"state" doc:"online, degraded, offline, unknown, disabled; several joined by commas" example:"offline"`
	Tag      string `query:"tag" doc:"has any of these; several joined by commas" example:"gate"`
	Q        string `query:"q" doc:"text in id or name, in either case"`
	BBox     string `query:"bbox" doc:"minlon,minlat,maxlon,maxlat in degrees, WGS-84" example:"118.05,24.42,118.2,24.56"`
}

// Paging are the parameters that say which page is meant.
type Paging struct {
	Sort   string `query:"sort" doc:"id (the default), name or site; - before it for descending" example:"-name"`
	Limit  string `query:"limit" doc:"1 to 1000, default 100" example:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

type listInput struct {
	request
	Filters
	Paging
}

type listOutput struct{ Body page }

type getInput struct {
	request
	ID string `path:"id" doc:"the channel's id"`
}

type channelOutput struct {
	Status int
	ETag   string `header:"ETag" doc:"of the answer. If-Match looks only at what is registered: a change of state refuses no edit."`
	Body   View
}

func (a *API) channelOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-channels", Method: http.MethodGet, Path: prefix + "/channels", Tags: []string{"channels"},
		Summary: "List channels with their states",
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		p, err := a.query(ctx, hostOf(in.r), in.r.URL.Query())
		return &listOutput{p}, err
	})
	register(a, h, huma.Operation{
		OperationID: "get-channel", Method: http.MethodGet, Path: prefix + "/channels/{id}", Tags: []string{"channels"},
		Summary: "One channel with its state",
	}, func(ctx context.Context, in *getInput) (*channelOutput, error) {
		v, err := a.channel(ctx, hostOf(in.r), in.ID)
		return &channelOutput{http.StatusOK, etag(v), v}, err
	})
}

// answer is a channel after a change.
func (a *API) answer(r *http.Request, status int, c registry.Channel) *channelOutput {
	v := a.view(hostOf(r), a.o.Catalogue.Snapshot(), c, a.o.Statuses.StatusOf(c))
	return &channelOutput{status, etag(v), v}
}
