package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// PageSettings is what the command centre's page must know before it asks for anything else.
type PageSettings struct {
	Node        string             `json:"node"`
	Version     string             `json:"version"`
	Zone        string             `json:"zone" doc:"the city's time zone, like Asia/Shanghai"`
	Targets     map[string]float64 `json:"targets" doc:"the online rate that is asked for, by class"`
	Center      [2]float64         `json:"center" doc:"longitude and latitude in degrees, WGS-84"`
	Zoom        float64            `json:"zoom"`
	Tiles       string             `json:"tiles" doc:"the base map: a template of URLs with {z}, {x} and {y}, or /map.pmtiles; empty: none"`
	Attribution string             `json:"attribution"`
	Shifted     bool               `json:"shifted" doc:"the base map is in GCJ-02, and channels are drawn so"`
}

type pageOutput struct{ Body PageSettings }

func (a *API) pageOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "page-settings", Method: http.MethodGet, Path: prefix + "/page", Tags: []string{"page"}, Summary: "What the command centre's page must know",
	}, func(context.Context, *usersInput) (*pageOutput, error) { return &pageOutput{a.o.PageSettings()}, nil })
	register(a, h, huma.Operation{
		OperationID: "channel-table", Method: http.MethodGet, Path: prefix + "/channels:table", Tags: []string{"page"},
		Summary: "Every granted channel in a line, for programs that hold the whole city",
		Description: "sites and scenarios are lists; each row is [id, name, class, site, scenario, state, lon, lat, sub]: site and scenario as places in " +
			"the lists, state as 0 online, 1 degraded, 2 offline, 3 unknown, 4 disabled, lon and lat in degrees or null, sub 1 where there is a sub stream.",
		Responses: map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: "object"}},
		}}},
	}, a.table)
}

// table writes all channels in as few bytes as JSON allows.
func (a *API) table(ctx context.Context, in *geoJSONInput) (*exportOutput, error) {
	q, err := filtersOnly(in.r.URL.Query())
	if err != nil {
		return nil, err
	}
	q.Within = within(ctx, "list")
	return a.packed(ctx, in.request, "application/json", a.makeTable(a.o.Catalogue.Snapshot(), q)), nil
}

func (a *API) makeTable(s *registry.Snapshot, q registry.Query) packedText {
	p := a.city.rest.packer()
	sites, scenarios := newIndex(), newIndex()
	p.plain = append(p.plain, `{"rows":[`...)
	first := true
	for c := range s.Matching(q, a.o.Statuses) {
		if !first {
			p.plain = append(p.plain, ",\n"...)
		}
		first = false
		p.plain = appendRow(p.plain, &c, a.o.Statuses.StatusOf(c).State, sites.of(c.Site), scenarios.of(c.Scenario))
		p.cut(false)
	}
	p.plain = append(p.plain, `],"sites":`...)
	p.plain = sites.append(p.plain)
	p.plain = append(p.plain, `,"scenarios":`...)
	p.plain = append(scenarios.append(p.plain), "}\n"...)
	packed, hash := p.finish()
	return packedText{packed, fmt.Sprintf(`W/"%016x"`, hash)}
}

func appendRow(b []byte, c *registry.Channel, state event.State, site, scenario int) []byte {
	b = appendText(append(b, '['), c.ID)
	b = appendText(append(b, ','), c.Name)
	for _, n := range []int{int(c.Class), site, scenario, stateNumber(state)} {
		b = strconv.AppendInt(append(b, ','), int64(n), 10)
	}
	if c.Lon == nil || c.Lat == nil {
		b = append(b, ",null,null"...)
	} else {
		b = appendDegrees(append(b, ','), *c.Lon)
		b = appendDegrees(append(b, ','), *c.Lat)
	}
	if c.SubURL != "" {
		return append(b, ",1]"...)
	}
	return append(b, ",0]"...)
}

func stateNumber(s event.State) int {
	for i, known := range []event.State{event.Online, event.Degraded, event.Offline, event.Unknown} {
		if s == known {
			return i
		}
	}
	return 4
}

// index numbers texts in the order in which they come.
type index struct {
	numbers map[string]int
	texts   []string
}

func newIndex() *index { return &index{numbers: map[string]int{}} }

func (x *index) of(s string) int {
	n, ok := x.numbers[s]
	if !ok {
		n = len(x.texts)
		x.numbers[s] = n
		x.texts = append(x.texts, s)
	}
	return n
}

func (x *index) append(b []byte) []byte {
	b = append(b, '[')
	for i, s := range x.texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}
