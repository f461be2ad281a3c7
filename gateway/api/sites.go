package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

type sitesInput struct {
	request
	Filters
	Depth string `query:"depth" doc:"only sites of at most so many tokens, 1 to 6" example:"2"`
}

type sitesOutput struct{ Body SiteList }

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
	}, func(ctx context.Context, in *sitesInput) (*sitesOutput, error) {
		list, err := a.sites(ctx, in.r.URL.Query())
		return &sitesOutput{list}, err
	})
	register(a, h, huma.Operation{
		OperationID: "put-site", Method: http.MethodPut, Path: prefix + "/sites/{path}", Tags: []string{"sites"},
		Summary: "Describe a site", Description: "The path's slashes are written as they are.",
	}, a.putSite)
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
