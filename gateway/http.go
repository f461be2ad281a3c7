package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"sharpeyes/streams/netio"
)

// webServer serves HTTP from the moment that its listener is open: while the registry is being
// loaded it says that the gateway is alive and not ready.
type webServer struct {
	server  *http.Server
	handler atomic.Pointer[http.Handler]
	done    chan struct{} // closed when it serves no more
	err     error         // why; read after done
}

// mostHTTP bounds the connections of the HTTP listener.
const mostHTTP = 8192

func (g *gateway) startHTTP() error {
	cfg := g.config()
	certificate, err := loadCertificate(cfg.HTTP.TLSCert, cfg.HTTP.TLSKey, g.log)
	if err != nil {
		return fmt.Errorf("http.tls_cert: %w", err)
	}
	ln := netio.Limit(g.http, mostHTTP, mostHTTP/2) // a proxy is one address
	if certificate != nil {
		certificate.NextProtos = []string{"h2", "http/1.1"}
		ln = tls.NewListener(ln, certificate)
	}
	w := &webServer{done: make(chan struct{})}
	w.server = &http.Server{
		Handler:           w,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(w.done)
		w.err = w.server.Serve(ln)
	}()
	g.defers(func() {
		w.server.Close()
		<-w.done
	})
	g.web = w
	return nil
}

// liveURL is where WebSockets are served.
func (g *gateway) liveURL() string {
	scheme := "ws://"
	if g.config().HTTP.TLSCert != "" {
		scheme = "wss://"
	}
	return scheme + g.http.Addr().String()
}

// ServeHTTP answers for the API while that is being opened.
func (w *webServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if h := w.handler.Load(); h != nil {
		(*h).ServeHTTP(rw, r)
		return
	}
	rw.Header().Set("Cache-Control", "no-store")
	switch r.URL.Path {
	case "/healthz":
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(rw, `{"status":"ok"}`)
		return
	case "/readyz":
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(rw, `{"status":"not ready","reasons":["the registry is being loaded"]}`)
		return
	}
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.Header().Set("Retry-After", "1")
	rw.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintln(rw, `{"title":"Service Unavailable","status":503,"detail":"the gateway is starting: the registry is being loaded"}`)
}

// open hands all further requests to the API.
func (w *webServer) open(h http.Handler) { w.handler.Store(&h) }

// serve waits until ctx ends, and lets requests under way finish.
func (w *webServer) serve(ctx context.Context) error {
	const grace = 5 * time.Second
	select {
	case <-w.done:
		return fmt.Errorf("serving HTTP: %w", w.err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if w.server.Shutdown(last) != nil {
		w.server.Close()
	}
	<-w.done
	return ctx.Err()
}
