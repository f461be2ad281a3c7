package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"sharpeyes/registry"
)

type windowsInput struct {
	request
	Site    string `query:"site" doc:"windows of this site, of what lies in it, and of what it lies in" example:"xiamen/siming"`
	Channel string `query:"channel" doc:"windows that cover this channel, its sites' included"`
	Open    string `query:"open" doc:"true: only those that are open now" example:"true"`
}

type windowsOutput struct {
	Body struct {
		Items []registry.Maintenance `json:"items" doc:"by id, which is in the order in which they were made"`
	}
}

// newWindow is a window as it is asked for.
type newWindow struct {
	Site    string    `json:"site,omitempty" doc:"path; either this"`
	Channel string    `json:"channel,omitempty" doc:"or the id of a channel"`
	From    time.Time `json:"from,omitzero" doc:"left out: now"`
	Until   time.Time `json:"until" doc:"at most 366 days after from"`
	Why     string    `json:"why" doc:"what is done there"`
}

type newWindowInput struct{ request }

type windowOutput struct {
	Status int
	Body   registry.Maintenance
}

type windowInput struct {
	request
	ID string `path:"id" doc:"the window's id"`
}

func (a *API) maintenanceOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-maintenance", Method: http.MethodGet, Path: prefix + "/maintenance", Tags: []string{"maintenance"},
		Summary: "Windows of maintenance, past and future",
	}, a.listWindows)
	register(a, h, huma.Operation{
		OperationID: "add-maintenance", Method: http.MethodPost, Path: prefix + "/maintenance", Tags: []string{"maintenance"},
		Summary: "Say that a site or a channel is worked on for a time", DefaultStatus: http.StatusCreated,
		Description: "A site's window is one of all that lies in it. What fails meanwhile is expected to.",
	}, a.addWindow)
	register(a, h, huma.Operation{
		OperationID: "delete-maintenance", Method: http.MethodDelete, Path: prefix + "/maintenance/{id}", Tags: []string{"maintenance"},
		Summary: "Take a window away", DefaultStatus: http.StatusNoContent,
	}, a.deleteWindow)
}

func (a *API) listWindows(ctx context.Context, in *windowsInput) (*windowsOutput, error) {
	values := in.r.URL.Query()
	for name := range values {
		if name != "site" && name != "channel" && name != "open" {
			return nil, badQuery(name, "", "is unknown here; there are site, channel and open")
		}
	}
	open, err := flag(values.Get("open"), "open")
	if err != nil {
		return nil, err
	}
	s, now := a.o.Catalogue.Snapshot(), time.Now()
	site, id := values.Get("site"), values.Get("channel")
	c, there := s.Get(id)
	if id != "" && (!there || !granted(ctx, "list", &c)) {
		return nil, noChannel(id)
	}
	var out windowsOutput
	out.Body.Items = []registry.Maintenance{}
	for _, m := range s.Maintenances() {
		if (site == "" || m.Site != "" && (lies(m.Site, site) || lies(site, m.Site))) &&
			(id == "" || m.Channel == id || m.Site != "" && lies(c.Site, m.Site)) &&
			(!open || m.Covers(now)) && coversWindow(ctx, s, "list", m) {
			out.Body.Items = append(out.Body.Items, m)
		}
	}
	return &out, nil
}

// lies reports whether the path is the site or lies in it.
func lies(path, site string) bool {
	return path == site || strings.HasPrefix(path, site+"/")
}

func (a *API) addWindow(ctx context.Context, in *newWindowInput) (*windowOutput, error) {
	var w newWindow
	if err := decodeStrictly(in.request, &w); err != nil {
		return nil, err
	}
	m := registry.Maintenance{
		ID: uuid.Must(uuid.NewV7()).String(), Site: w.Site, Channel: w.Channel,
		From: w.From, Until: w.Until, Why: w.Why, By: principal(ctx).String(),
	}
	if m.From.IsZero() {
		m.From = time.Now().UTC().Truncate(time.Second)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	err := a.update(ctx, "maintenance", func(now *registry.Snapshot) (registry.Transaction, error) {
		if m.Channel != "" {
			if c, there := now.Get(m.Channel); !there || !granted(ctx, "list", &c) {
				return registry.Transaction{}, registry.FieldErrors{{Column: "channel", Value: m.Channel, Message: "there is no such channel"}}
			}
		} else if _, there := now.Site(m.Site); !there || !coversWindow(ctx, now, "edit", m) {
			return registry.Transaction{}, registry.FieldErrors{{Column: "site", Value: m.Site, Message: "there is no such site that you may edit"}}
		}
		return registry.Transaction{Maintenance: []registry.Maintenance{m}}, nil
	})
	return &windowOutput{http.StatusCreated, m}, err
}

func (a *API) deleteWindow(ctx context.Context, in *windowInput) (*emptyOutput, error) {
	return nil, a.update(ctx, "maintenance", func(now *registry.Snapshot) (registry.Transaction, error) {
		if m, there := now.Maintenance(in.ID); !there || !coversWindow(ctx, now, "list", m) {
			return registry.Transaction{}, &registry.NotFoundError{What: "window of maintenance", ID: in.ID}
		}
		return registry.Transaction{DeleteMaintenance: []string{in.ID}}, nil
	})
}
