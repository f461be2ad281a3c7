package api

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// begunKey is where a context keeps that a stream is already watched.
type begunKey struct{}

// principalKey is where a request's context keeps who asks.
type principalKey struct{}

func principal(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// authenticate lets only those through who may do what the route takes.
func (a *API) authenticate(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pattern := patternOf(mux, r)
		n, ruled := needs[pattern]
		if ruled && n.open {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		who, err := a.whoAsks(ctx, r)
		cancel()
		if err != nil {
			err = usersError{err} // unless the table knows better
		} else if !ruled || !n.allows(who) {
			err = errForbidden
		}
		if err != nil {
			p := a.problemOf(r.Context(), r.Method+" "+r.URL.Path, err)
			a.refused(r, who, p.Status)
			a.sendProblem(w, r, p)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), principalKey{}, who))
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		noted := &answered{ResponseWriter: w}
		next.ServeHTTP(noted, r)
		a.changed(pattern, who, r, noted.status)
	})
}

func (a *API) whoAsks(ctx context.Context, r *http.Request) (Principal, error) {
	// A ticket goes before whatever else a browser sends by itself.
	if ticket := r.URL.Query().Get("ticket"); ticket != "" && r.Pattern == "GET "+livePath {
		key, err := liveKey(r)
		if err != nil {
			return nil, err
		}
		begun, _ := ctx.Value(begunKey{}).(bool)
		return a.o.Authenticator.AuthenticateTicket(ctx, ticket, key.Channel, string(key.Profile), begun)
	}
	if user, password, ok := r.BasicAuth(); ok && user != "" {
		return a.o.Authenticator.Authenticate(ctx, user, password, remoteAddr(r))
	}
	if token, ok := bearer(r); ok {
		return a.o.Authenticator.AuthenticateToken(ctx, token, remoteAddr(r))
	}
	if r.Header.Get("Authorization") != "" {
		return nil, problem(http.StatusUnauthorized, "sign in with Basic and a user name, or with Bearer and a token: nothing else is understood in Authorization").
			with("WWW-Authenticate", `Basic realm="sharpeyes", charset="UTF-8"`)
	}
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value != "" {
		who, err := a.o.Authenticator.AuthenticateToken(ctx, c.Value, remoteAddr(r))
		var denied interface{ Denied() bool }
		if !errors.As(err, &denied) {
			return who, err
		} // else it is over, and may stay in the browser for a while
	}
	return a.o.Authenticator.Authenticate(ctx, "", "", nearest(r))
}

// bearer is the token that a request brings (RFC 6750, 2.1).
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

func remoteAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr()
}

// nearest is the address of someone who doesn't sign in. It is the zero address, which is nowhere
// near, when the connection is from this machine but the asker may not be: the request went
// through a proxy, or it is for a name that isn't this machine's, as when a page from elsewhere
// had its own name resolve to 127.0.0.1.
func nearest(r *http.Request) netip.Addr {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return netip.Addr{}
		}
	}
	host := hostOf(r)
	if strings.EqualFold(host, "localhost") {
		return remoteAddr(r)
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.Unmap().IsLoopback() {
		return netip.Addr{}
	}
	return remoteAddr(r)
}

// hostOf is what the asker called the gateway, without port and brackets.
func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return strings.Trim(r.Host, "[]")
}

// writeProblem answers with an error, outside of huma.
func (a *API) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	a.sendProblem(w, r, a.problemOf(r.Context(), r.Method+" "+r.URL.Path, err))
}

func (a *API) sendProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	for name, values := range p.header {
		if name == "Www-Authenticate" && r.Header.Get("Sec-Fetch-Dest") == "empty" {
			continue // a page's script asks, and has a form of its own; the browser's would cover it
		}
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the asker may be gone; there is nobody else to tell
}
