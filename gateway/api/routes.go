package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const prefix = "/api/v1"

// How long a request may take to arrive, and its answer to leave. Imports and exports have their
// own bounds.
const (
	arriveWithin = 30 * time.Second
	leaveWithin  = 30 * time.Second
)

// routes is everything that HTTP serves.
func (a *API) routes() http.Handler {
	inner := http.NewServeMux()
	h := huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Sharp Eyes", Version: a.o.Version,
				Description: "The channels of a city's video network: what there is, what state it is in, where to watch it."},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{"basic": {Type: "http", Scheme: "basic"}, "token": {Type: "http", Scheme: "bearer"}},
			},
			Security: []map[string][]string{{"basic": {}}, {"token": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()},
		DefaultFormat: "application/json",
		// No OpenAPIPath, DocsPath or SchemasPath: the document is made once, below, and a page
		// that loads its scripts from elsewhere has no place in a closed network.
	}, humago.NewAdapter(patterns{inner}, ""))

	a.channelOperations(h)
	a.editOperations(h)
	a.nodesOperation(h)
	if a.o.Walls != nil {
		a.wallOperations(h)
	}
	a.importOperation(h)
	a.exportOperation(h)
	a.geoJSONOperation(h)
	a.reportOperation(h)
	a.historyOperations(h)
	a.siteOperations(h)
	a.maintenanceOperations(h)
	a.statsOperation(h)
	if a.o.Rates != nil {
		a.ratesOperations(h)
	}
	a.streamOperations(h)
	if a.o.Events != nil {
		a.eventOperations(h)
	}
	if a.o.Alerts != nil {
		a.alertOperations(h)
		a.ruleOperations(h)
	}
	if a.o.Live != nil {
		a.prewarmOperation(h)
	}
	if a.o.Report != nil {
		a.motionOperation(h)
	}
	a.keysOperation(h)
	if a.o.PageSettings != nil {
		a.pageOperations(h)
	}
	if a.o.Users != nil {
		a.userOperations(h)
	}
	a.sessionOperations(h)
	if a.o.Audit != nil {
		a.auditOperations(h)
	}
	finishDocument(h)

	document, err := json.Marshal(h.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("the OpenAPI document can't be written: %v", err)) // a mistake in the declarations; any test finds it
	}
	inner.HandleFunc("GET "+prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document)
	})
	async, err := asyncDocument(a.o.Version)
	if err != nil {
		panic(fmt.Sprintf("the AsyncAPI document can't be written: %v", err)) // the same
	}
	inner.HandleFunc("GET "+asyncPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/asyncapi+json")
		_, _ = w.Write(async)
	})
	inner.Handle("GET /metrics", promhttp.HandlerFor(a.o.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	if a.o.Page != nil {
		inner.Handle("/", a.o.Page)
	}
	inner.HandleFunc(prefix+"/", a.elsewhere(inner))

	outer := http.NewServeMux()
	outer.HandleFunc("GET /healthz", a.healthz)
	outer.HandleFunc("GET /readyz", a.readyz)
	outer.Handle("/", a.authenticate(inner, inner))
	outer.Handle(prefix+"/", compress(a.authenticate(inner, inner)))
	if a.o.Events != nil {
		outer.Handle("GET "+prefix+"/ws/events", a.authenticate(outer, http.HandlerFunc(a.wsEvents)))
	}
	if a.o.Live != nil {
		outer.Handle("GET "+livePath, a.authenticate(outer, http.HandlerFunc(a.wsLive)))
	}
	return a.guard(outer)
}

// guard is what every request goes through: deadlines, and no changes on behalf of a page that
// another site served, whose visitor's browser would sign in for it.
func (a *API) guard(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		rc := http.NewResponseController(w)
		_ = rc.SetWriteDeadline(now.Add(leaveWithin)) // a writer that has no deadlines is a test's
		if r.ContentLength != 0 {                     // without a body it would cut the answer short
			_ = rc.SetReadDeadline(now.Add(arriveWithin))
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		if err := foreign.Check(r); err != nil {
			a.writeProblem(w, r, problem(http.StatusForbidden, "changes can't be made from another site's page"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// elsewhere answers what no operation does: 405 where the path has other methods, else 404.
func (a *API) elsewhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := &http.Request{Method: m, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, m+" "+prefix) {
				allowed = append(allowed, m)
			}
		}
		if len(allowed) > 0 {
			list := strings.Join(allowed, ", ")
			a.writeProblem(w, r, problem(http.StatusMethodNotAllowed, r.Method+" isn't possible here: use "+list).with("Allow", list))
			return
		}
		a.writeProblem(w, r, problem(http.StatusNotFound, "there is nothing at "+r.URL.Path+": see "+prefix+"/openapi.json"))
	}
}

// tagged are the questions whose answers have an ETag. The rest is long, or different each time.
var tagged = map[string]bool{
	"GET " + prefix + "/channels":        true,
	"GET " + prefix + "/channels/{id}":   true,
	"GET " + prefix + "/sites":           true,
	"GET " + prefix + "/stats":           true,
	"GET " + prefix + "/channels:report": true,
	"GET " + prefix + "/maintenance":     true,
}

// patterns is a ServeMux to which a site's path may be several segments, which OpenAPI can't say.
type patterns struct{ *http.ServeMux }

// HandleFunc registers an operation.
func (p patterns) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	if tagged[pattern] {
		handler = conditional(handler)
	}
	p.ServeMux.HandleFunc(strings.Replace(pattern, "/sites/{path}", "/sites/{path...}", 1), handler)
}

// request gives an operation the request itself, next to what huma reads of it.
type request struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve keeps the request; huma calls it before the operation.
func (q *request) Resolve(ctx huma.Context) []error {
	q.r, q.w = humago.Unwrap(ctx)
	return nil
}

// register declares an operation whose errors go through the table.
func register[I, O any](a *API, h huma.API, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, op.OperationID, err)
		}
		return out, nil
	})
}
