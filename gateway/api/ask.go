package api

import (
	"net/url"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// View is a channel as an answer shows it.
type View struct {
	registry.Channel
	Status     registry.Status `json:"status"`
	RTSPURL    string          `json:"rtsp_url" doc:"where the gateway serves the main stream" readOnly:"true"`
	RTSPSubURL string          `json:"rtsp_sub_url,omitempty" doc:"where it serves the sub stream" readOnly:"true"`
}

// List is one page of channels.
type List struct {
	Items []View `json:"items"`
	Next  string `json:"next" doc:"cursor of the next page; empty after the last"`
	Total int    `json:"total" doc:"of all pages"`
}

// view shows a channel to someone who calls the gateway host.
func (a *API) view(host string, c registry.Channel, st registry.Status) View {
	v := View{Channel: c, Status: st, RTSPURL: a.o.RTSPURL(host, c.ID, streams.Main)}
	if c.SubURL != "" {
		v.RTSPSubURL = a.o.RTSPURL(host, c.ID, streams.Sub)
	}
	return v
}

// channel answers for one channel.
func (a *API) channel(host, id string) (View, error) {
	c, ok := a.o.Catalogue.Snapshot().Get(id)
	if !ok {
		return View{}, noChannel(id)
	}
	return a.view(host, c, a.o.Statuses.StatusOf(c)), nil
}

func noChannel(id string) error { return &registry.NotFoundError{What: "channel", ID: id} }

// query answers with a page of channels.
func (a *API) query(host string, values url.Values) (List, error) {
	q, err := registry.ParseQuery(values)
	if err != nil {
		return List{}, badQueryError{err}
	}
	page, err := a.o.Catalogue.Snapshot().Query(q, a.o.Statuses)
	if err != nil {
		return List{}, badQueryError{err}
	}
	list := List{Items: make([]View, len(page.Items)), Next: page.Next, Total: page.Total}
	for i, c := range page.Items {
		list.Items[i] = a.view(host, c, page.Statuses[i])
	}
	return list, nil
}

// stats answers with counts, by what the parameter by names.
func (a *API) stats(values url.Values) (registry.Stats, error) {
	by, err := registry.ParseBy(values.Get("by"))
	if err != nil {
		return registry.Stats{}, badQueryError{err}
	}
	q, err := registry.ParseQuery(values, "by")
	if err != nil {
		return registry.Stats{}, badQueryError{err}
	}
	return a.o.Catalogue.Snapshot().Stats(by, q, a.o.Statuses), nil
}
