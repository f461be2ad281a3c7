package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
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
		Summary: "Every granted channel, for programs that hold the whole city",
		Description: "Columns, each a list with a value for each channel: ids, names, classes, sites and scenarios (places in site_names and " +
			"scenario_names), states (0 online, 1 degraded, 2 offline, 3 unknown, 4 disabled), lons and lats (degrees, or null), subs (1 where there is a sub stream).",
		Responses: map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: "object"}},
		}}},
	}, a.table)
}

// table writes all channels so that a page reads them quickly: columns, which need no object for each.
func (a *API) table(ctx context.Context, in *geoJSONInput) (*exportOutput, error) {
	values := in.r.URL.Query()
	q, err := filtersOnly(values)
	if err != nil {
		return nil, err
	}
	q.Within = within(ctx, "list")
	return a.packed(ctx, in.request, "application/json", a.cityAnswer(&a.city.table, len(values) == 0, q, a.makeTable)), nil
}

// columns are the parts of the table, in the order in which they are written.
var columns = []string{"ids", "names", "classes", "sites", "scenarios", "states", "lons", "lats", "subs"}

func (a *API) makeTable(s *registry.Snapshot, q registry.Query) packedText {
	p := a.city.rest.packer()
	sites, scenarios := newIndex(), newIndex()
	all := make([][]byte, len(columns))
	for c := range s.Matching(q, a.o.Statuses) {
		for i := range all {
			if len(all[i]) > 0 {
				all[i] = append(all[i], ',')
			}
		}
		all[0] = appendText(all[0], c.ID)
		all[1] = appendText(all[1], c.Name)
		for i, n := range []int{int(c.Class), sites.of(c.Site), scenarios.of(c.Scenario), stateNumber(a.o.Statuses.StatusOf(c).State)} {
			all[2+i] = strconv.AppendInt(all[2+i], int64(n), 10)
		}
		if c.Lon == nil || c.Lat == nil {
			all[6], all[7] = append(all[6], "null"...), append(all[7], "null"...)
		} else {
			all[6], all[7] = appendDegrees(all[6], *c.Lon), appendDegrees(all[7], *c.Lat)
		}
		sub := byte('0')
		if c.SubURL != "" {
			sub = '1'
		}
		all[8] = append(all[8], sub)
	}
	p.plain = append(p.plain, '{')
	for i, name := range columns {
		p.plain = append(appendText(p.plain, name), `:[`...)
		for piece := range slices.Chunk(all[i], pieceSize/2) {
			p.plain = append(p.plain, piece...)
			p.cut(false)
		}
		p.plain = append(p.plain, `],`...)
	}
	p.plain = sites.append(append(p.plain, `"site_names":`...))
	p.plain = scenarios.append(append(p.plain, `,"scenario_names":`...))
	p.plain = append(p.plain, "}\n"...)
	packed, hash := p.finish()
	return packedText{packed, fmt.Sprintf(`W/"%016x"`, hash)}
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
