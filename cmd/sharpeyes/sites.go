package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"sharpeyes/registry"
)

// sites is the commands on sites.
type sites struct {
	client
	List sitesList `cmd:"" help:"List sites with their counts of channels."`
	Set  sitesSet  `cmd:"" help:"Describe a site."`
}

type sitesList struct {
	Site  string `arg:"" optional:"" help:"Only this site and what lies in it, like xiamen/siming."`
	Depth int    `default:"6" help:"Only paths of so many tokens, 1 to 6."`
}

// Run lists sites.
func (l sitesList) Run(ctx context.Context, con console, s *sites) error {
	query := filters{Site: l.Site}.query()
	query.Set("depth", strconv.Itoa(l.Depth))
	var answer struct {
		Items []registry.SiteTally `json:"items"`
	}
	raw, err := s.ask(ctx, request{method: http.MethodGet, path: "/sites", query: query}, &answer)
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add(append([]string{"PATH", "NAME"}, tallyHeads()...)...)
	for _, i := range answer.Items {
		t.add(append([]string{i.Path, i.Name}, tallyCells(i.Tally)...)...)
	}
	return t.write(con.out)
}

type sitesSet struct {
	Path   string   `arg:"" help:"Path of the site, like xiamen/siming."`
	Fields []string `arg:"" placeholder:"FIELD=VALUE" help:"Like name=思明区 lon=118.08 lat=24.45."`
}

// Run describes a site; what isn't given is left out of its description.
func (s sitesSet) Run(ctx context.Context, con console, all *sites) error {
	body, err := object(s.Fields, con.in)
	if err != nil {
		return err
	}
	raw, err := all.send(ctx, request{method: http.MethodPut, path: "/sites/" + s.Path}, body)
	if err != nil {
		return err
	}
	if all.JSON {
		return writeJSON(con.out, raw)
	}
	_, err = fmt.Fprintf(con.out, "described %s\n", s.Path)
	return err
}
