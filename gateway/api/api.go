// Package api answers questions about the registry, and takes changes to it, over HTTP and as a
// NATS micro service: two faces of one set of operations.
//
// What a question means is in ask.go, once; the HTTP operations are declared with huma, which makes
// the OpenAPI document of them; micro.go gives the same answers on NATS subjects. Every error goes
// through one table (problem.go), and so does every refusal.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/registry"
	"sharpeyes/streams"
)

// Catalogue is the registry: what is there, and the one way to change it.
type Catalogue interface {
	// Snapshot is the registry as it is now.
	Snapshot() *registry.Snapshot
	// Update makes one transaction of what fn returns for the newest snapshot; fn is called again
	// when someone else was quicker. An empty transaction writes nothing. It returns the first
	// snapshot that has the change.
	Update(ctx context.Context, by, action string, fn func(*registry.Snapshot) (registry.Transaction, error)) (*registry.Snapshot, error)
	// History is what became of a channel, newest first; a registry.NotFoundError when it never was.
	History(ctx context.Context, id string, limit int) ([]registry.Change, error)
	// Versions are the last transactions, newest first.
	Versions(ctx context.Context, limit int) ([]registry.Version, error)
	// At is the registry as it was; a registry.NotFoundError when it never had, or no longer has,
	// that version.
	At(ctx context.Context, version uint64) (*registry.Snapshot, error)
}

// Rotation is what the change of the passwords' key did.
type Rotation struct {
	Key      string `json:"key" doc:"id of the key that seals from now on; it says nothing of the key"`
	Resealed int    `json:"resealed" doc:"passwords that were sealed anew"`
	Version  uint64 `json:"version" doc:"of the registry"`
}

// Streams knows what is pulled now, and was.
type Streams interface {
	Pulls() []streams.Info
	// Info tells of one stream, also of one that was pulled; false when nothing is known of it.
	Info(streams.Key) (streams.Info, bool)
}

// Principal is who asks.
type Principal interface {
	// String is the name that goes with a change into the registry's log.
	String() string
	// Scopes are the parts of the city where the principal may do an action now: "list", "view",
	// "events", "acknowledge", "edit" or "admin".
	Scopes(action string) []registry.Scope
}

// Authenticator says who asks. With an empty user it decides on anonymous askers; remote is the
// zero address when the request may come from farther away than its connection does.
//
// Its errors tell what they are by a method: Denied() bool true is answered with 401,
// RetryAfter() time.Duration with 429; any other means that nobody could be asked, 503.
type Authenticator interface {
	Authenticate(ctx context.Context, user, password string, remote netip.Addr) (Principal, error)
	AuthenticateToken(ctx context.Context, token string, remote netip.Addr) (Principal, error)
	// AuthenticateTicket is for who brings a ticket for a stream; begun says that it plays already.
	AuthenticateTicket(ctx context.Context, ticket, channel, profile string, begun bool) (Principal, error)
}

// Options is what an API is made of.
type Options struct {
	Catalogue Catalogue
	Statuses  *registry.Statuses
	Streams   Streams
	Live      Live     // nil: nobody can watch over HTTP
	Events    Events   // nil: nobody can listen
	Rates     Rates    // nil: nobody accounts
	Alerts    Alerts   // nil: there are none
	Users     Users    // nil: they can't be seen to here
	Sessions  Sessions // nil: nobody signs in with a form
	Audit     Audit    // nil: nothing is kept on record
	// Report takes what a detector outside says of a channel: "started", "ended", or empty when something
	// moves now; nil: nobody is listened to.
	Report func(channel, state string, at time.Time, score float64)
	// LiveURL is where the gateway serves WebSockets, like ws://host:port; empty where nobody knows.
	LiveURL string
	// Ticket makes a ticket for a stream; nil: there are none.
	Ticket        func(ctx context.Context, channel, profile string) (string, error)
	Authenticator Authenticator
	// StartTimeout is how long a camera may take until it sends; 0 takes 10 s.
	StartTimeout time.Duration
	// Ready is nil when the gateway can serve; an errors.Join of the reasons otherwise.
	Ready func() error
	// Gatherer is what /metrics shows.
	Gatherer prometheus.Gatherer
	// From is the gateway that a stream comes from, empty for its camera; nil: all come from there.
	From func(streams.Key) string
	// Nodes are the gateways of the city; nil: nothing is told of them.
	Nodes func() []Node
	// Walls keeps the walls of the users; nil: none are kept.
	Walls Walls
	// Levels are the levels below; nil: nothing is told of them.
	Levels func() []Level
	// Above is how the level above is, nil when there is none; nil: nothing is told of it.
	Above func() *Above
	// RTSPURL is where the gateway serves a stream. host is what the asker called the gateway,
	// without port; it is empty over NATS.
	RTSPURL func(host, id string, profile streams.Profile) string
	// RotateKey makes a new key for the cameras' passwords and seals all of them with it; a
	// RefusedError when that can't be done as things are.
	RotateKey func(ctx context.Context, by string) (Rotation, error)
	// Center is about where the city is (degrees, longitude first), for as long as no channel says
	// so; zero when nobody knows.
	Center [2]float64
	// PageSettings is what the page must know; nil: there is no page.
	PageSettings func() PageSettings
	// Page is served at /; nil: nothing is.
	Page http.Handler
	// MaxImport bounds an imported file, in bytes; 0 takes 256 MiB.
	MaxImport int64
	Version   string
	Log       *slog.Logger
}

// API is the set of operations.
type API struct {
	o         Options
	handler   http.Handler
	importing chan struct{} // one slot an import: each holds a whole city in memory
	city      city

	life      context.Context // of the WebSockets
	end       context.CancelFunc
	listening chan struct{} // one slot a WebSocket of events
	watching  chan struct{} // one slot a WebSocket of a stream
	live      liveCounts
}

// maxListeners bounds the WebSockets of events that are open at once.
const maxListeners = 1000

const importsAtOnce = 2

// New declares the operations.
func New(o Options) *API {
	if o.MaxImport <= 0 {
		o.MaxImport = 256 << 20
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = 10 * time.Second
	}
	a := &API{
		o: o, importing: make(chan struct{}, importsAtOnce),
		listening: make(chan struct{}, maxListeners), watching: make(chan struct{}, maxBrowsers),
	}
	a.life, a.end = context.WithCancel(context.Background())
	a.handler = a.routes()
	return a
}

// Close ends the WebSockets, which an http.Server doesn't wait for, and waits for them. The server
// must take no more requests.
func (a *API) Close() {
	a.end()
	for range maxListeners {
		a.listening <- struct{}{}
	}
	for range maxBrowsers {
		a.watching <- struct{}{}
	}
}

// Handler serves HTTP. The server that it is given to sets ReadHeaderTimeout and IdleTimeout, and
// neither ReadTimeout nor WriteTimeout: the handlers set deadlines themselves, since an import
// may take longer than a query. Every request ends by its own deadlines, but for WebSockets, which Close ends.
func (a *API) Handler() http.Handler { return a.handler }
