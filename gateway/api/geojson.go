package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzip"

	"sharpeyes/registry"
)

// cityKept is how long an answer of the whole city may be old, in states; what is registered is always the
// latest.
const cityKept = time.Second

// city is the last answers of the whole city, gzipped.
type city struct {
	rest       packRest
	geo, table kept
}

// kept is the last answer of one form.
type kept struct {
	mu       sync.Mutex // held while it is made: whoever else wants it waits, and takes the same
	snapshot *registry.Snapshot
	states   uint64 // generation
	made     time.Time
	last     packedText
}

// packedText is a map or a table of channels.
type packedText struct {
	packed []byte // gzip
	tag    string
}

type geoJSONInput struct {
	request
	Filters
}

func (a *API) geoJSONOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "map-channels", Method: http.MethodGet, Path: prefix + "/channels.geojson", Tags: []string{"channels"},
		Summary:     "Every channel with a position, as GeoJSON",
		Description: "One feature each, with id, name, class, state, scenario and site, by id. Without filters states are at most a second old. Ask with Accept-Encoding: gzip, and again with If-None-Match.",
		Responses: map[string]*huma.Response{"200": {Description: "a FeatureCollection of points", Content: map[string]*huma.MediaType{
			"application/geo+json": {Schema: &huma.Schema{Type: "object"}},
		}}},
	}, a.geoJSON)
}

func (a *API) geoJSON(ctx context.Context, in *geoJSONInput) (*exportOutput, error) {
	values := in.r.URL.Query()
	q, err := filtersOnly(values)
	if err != nil {
		return nil, err
	}
	q.Within = within(ctx, "list")
	g := a.cityAnswer(&a.city.geo, len(values) == 0, q, a.makeGeoJSON)
	return a.packed(ctx, in.request, "application/geo+json", g), nil
}

// packed answers with what is gzipped already.
func (a *API) packed(ctx context.Context, in request, mediaType string, g packedText) *exportOutput {
	return &exportOutput{func(huma.Context) {
		head := in.w.Header()
		head.Set("Content-Type", mediaType)
		if unchanged(in.w, in.r, g.tag) {
			return
		}
		w := &patientWriter{in.w, http.NewResponseController(in.w)}
		var err error
		if takesGzip(in.r) {
			head.Set("Content-Encoding", "gzip")
			head.Set("Content-Length", strconv.Itoa(len(g.packed)))
			_, err = w.Write(g.packed)
		} else {
			err = unpack(w, g.packed)
		}
		if err != nil {
			a.o.Log.LogAttrs(ctx, slog.LevelDebug, "a long answer was cut short", slog.String("type", mediaType), slog.Any("error", err))
			panic(http.ErrAbortHandler) // so that the reader sees a broken answer and not a short one
		}
	}}
}

// filtersOnly is a query that has no pages and no order.
func filtersOnly(values url.Values) (registry.Query, error) {
	for _, name := range []string{"sort", "limit", "cursor"} {
		if values.Has(name) {
			return registry.Query{}, badQuery(name, "", "has no meaning here: all that the filters mean is in the answer")
		}
	}
	q, err := registry.ParseQuery(values)
	if err != nil {
		return registry.Query{}, badQueryError{err}
	}
	return q, nil
}

// cityAnswer is what make makes of the channels that are meant; of all of them, for whoever may list all,
// once for those who ask at about the same time.
func (a *API) cityAnswer(k *kept, all bool, q registry.Query, make func(*registry.Snapshot, registry.Query) packedText) packedText {
	if !all || q.Within != nil {
		return make(a.o.Catalogue.Snapshot(), q)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	snapshot, states := a.o.Catalogue.Snapshot(), a.o.Statuses.Generation()
	if snapshot != k.snapshot || states != k.states && now.Sub(k.made) >= cityKept {
		k.last, k.snapshot, k.states, k.made = make(snapshot, q), snapshot, states, now
	}
	return k.last
}

func (a *API) makeGeoJSON(s *registry.Snapshot, q registry.Query) packedText {
	p := a.city.rest.packer()
	p.plain = append(p.plain, `{"type":"FeatureCollection","features":[`...)
	first := true
	for c := range s.Matching(q, a.o.Statuses) {
		if c.Lon == nil || c.Lat == nil {
			continue
		}
		if !first {
			p.plain = append(p.plain, ",\n"...)
		}
		first = false
		p.plain = appendFeature(p.plain, &c, a.o.Statuses.StatusOf(c).State)
		p.cut(false)
	}
	p.plain = append(p.plain, "]}\n"...)
	packed, hash := p.finish()
	return packedText{packed, fmt.Sprintf(`W/"%016x"`, hash)}
}

// unpack writes what was gzipped, to the few who don't take it so.
func unpack(w io.Writer, packed []byte) error {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err != nil {
		return fmt.Errorf("writing the map: %w", err)
	}
	return nil
}
