package api

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// View is a channel as an answer shows it.
type View struct {
	registry.Channel
	Status     registry.Status `json:"status"`
	RTSPURL    string          `json:"rtsp_url" doc:"where the gateway serves the main stream" readOnly:"true"`
	RTSPSubURL string          `json:"rtsp_sub_url,omitempty" doc:"where it serves the sub stream" readOnly:"true"`
	// Maintenance is absent while nobody works on the channel.
	Maintenance *registry.Maintenance `json:"maintenance,omitempty" doc:"the window that is open now, of the channel or of a site it lies in" readOnly:"true"`
}

// List is one page of channels.
type List struct {
	Items []View `json:"items"`
	Next  string `json:"next" doc:"cursor of the next page; empty after the last"`
	Total int    `json:"total" doc:"of all pages"`
}

// view shows a channel of the snapshot to someone who calls the gateway host.
func (a *API) view(host string, s *registry.Snapshot, c registry.Channel, st registry.Status) View {
	v := View{Channel: c, Status: st, RTSPURL: a.o.RTSPURL(host, c.ID, streams.Main)}
	if c.SubURL != "" {
		v.RTSPSubURL = a.o.RTSPURL(host, c.ID, streams.Sub)
	}
	if m, open := s.InMaintenance(c, time.Now()); open {
		v.Maintenance = &m
	}
	return v
}

// channel answers for one channel.
func (a *API) channel(ctx context.Context, host, id string) (View, error) {
	s := a.o.Catalogue.Snapshot()
	c, ok := s.Get(id)
	if !ok || !granted(ctx, "list", &c) {
		return View{}, noChannel(id)
	}
	return a.view(host, s, c, a.o.Statuses.StatusOf(c)), nil
}

func noChannel(id string) error { return &registry.NotFoundError{What: "channel", ID: id} }

// query answers with a page of channels.
func (a *API) query(ctx context.Context, host string, values url.Values) (page, error) {
	q, err := registry.ParseQuery(values)
	if err != nil {
		return page{}, badQueryError{err}
	}
	q.Within = within(ctx, "list")
	s := a.o.Catalogue.Snapshot()
	found, err := s.Query(q, a.o.Statuses)
	if err != nil {
		return page{}, badQueryError{err}
	}
	return page{found, a, host, s}, nil
}

// stats answers with counts, by what the parameter by names.
func (a *API) stats(ctx context.Context, values url.Values) (registry.Stats, error) {
	by, err := registry.ParseBy(values.Get("by"))
	if err != nil {
		return registry.Stats{}, badQueryError{err}
	}
	q, err := registry.ParseQuery(values, "by")
	if err != nil {
		return registry.Stats{}, badQueryError{err}
	}
	q.Within = within(ctx, "list")
	return a.o.Catalogue.Snapshot().Stats(by, q, a.o.Statuses), nil
}

// SiteList is the tree of sites.
type SiteList struct {
	Items []registry.SiteTally `json:"items" doc:"by path, each place followed by what lies in it"`
}

// sites answers with the tree of sites and their counts.
func (a *API) sites(ctx context.Context, values url.Values) (SiteList, error) {
	q, err := registry.ParseQuery(values, "depth")
	if err != nil {
		return SiteList{}, badQueryError{err}
	}
	depth := 6
	if s := values.Get("depth"); s != "" {
		if depth, err = strconv.Atoi(s); err != nil || depth < 1 || depth > 6 {
			return SiteList{}, badQuery("depth", s, "must be a whole number from 1 to 6")
		}
	}
	q.Within = within(ctx, "list")
	list := SiteList{Items: []registry.SiteTally{}}
	for _, s := range a.o.Catalogue.Snapshot().SiteTallies(q, a.o.Statuses) {
		if q.Within != nil && s.Total == 0 { // nothing there is granted
			continue
		}
		if (q.Site == "" || lies(s.Path, q.Site)) && strings.Count(s.Path, "/") < depth {
			list.Items = append(list.Items, s)
		}
	}
	return list, nil
}
