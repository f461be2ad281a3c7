package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

type sitesInput struct {
	request
	Filters
	Depth string `query:"depth" doc:"only sites of at most so many tokens, 1 to 6" example:"2"`
}

type sitesOutput struct {
	Body struct {
		Items []registry.SiteTally `json:"items" doc:"by path, each place followed by what lies in it"`
	}
}

type putSiteInput struct {
	request
	Path string `path:"path" doc:"1 to 6 tokens joined by /" example:"xiamen/siming"`
}

type siteOutput struct{ Body registry.Site }

func (a *API) siteOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-sites", Method: http.MethodGet, Path: prefix + "/sites", Tags: []string{"sites"},
		Summary:     "The tree of sites with counts",
		Description: "Each site counts the channels in it and in all that lies in it. The filters say which channels are counted; site also says which sites are listed.",
	}, a.sites)
	register(a, h, huma.Operation{
		OperationID: "put-site", Method: http.MethodPut, Path: prefix + "/sites/{path}", Tags: []string{"sites"},
		Summary: "Describe a site", Description: "The path's slashes are written as they are.",
	}, a.putSite)
}

func (a *API) sites(_ context.Context, in *sitesInput) (*sitesOutput, error) {
	values := in.r.URL.Query()
	q, err := registry.ParseQuery(values, "depth")
	if err != nil {
		return nil, badQueryError{err}
	}
	depth := 6
	if s := values.Get("depth"); s != "" {
		if depth, err = strconv.Atoi(s); err != nil || depth < 1 || depth > 6 {
			return nil, badQuery("depth", s, "must be a whole number from 1 to 6")
		}
	}
	var out sitesOutput
	out.Body.Items = []registry.SiteTally{}
	for _, s := range a.o.Catalogue.Snapshot().SiteTallies(q, a.o.Statuses) {
		inside := q.Site == "" || s.Path == q.Site || strings.HasPrefix(s.Path, q.Site+"/")
		if inside && strings.Count(s.Path, "/") < depth {
			out.Body.Items = append(out.Body.Items, s)
		}
	}
	return &out, nil
}

func (a *API) putSite(ctx context.Context, in *putSiteInput) (*siteOutput, error) {
	var site registry.Site
	if err := decodeStrictly(in.request, &site); err != nil {
		return nil, err
	}
	if site.Path != "" && site.Path != in.Path {
		return nil, registry.FieldErrors{{Column: "path", Value: site.Path, Message: "must be the path in the address, or left out"}}
	}
	site.Path = in.Path
	if err := site.Validate(); err != nil {
		return nil, err
	}
	err := a.update(ctx, "edit", func(*registry.Snapshot) (registry.Transaction, error) {
		return registry.Transaction{Sites: []registry.Site{site}}, nil
	})
	return &siteOutput{site}, err
}
