package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"sharpeyes/streams"
	"sharpeyes/streams/live"
)

// Live is where streams can be read.
type Live interface {
	// Join adds a reader to a stream; see streams.Hub.
	Join(ctx context.Context, key streams.Key, who streams.Who) (*streams.Reader, error)
	// Prewarm opens a stream for whoever comes within d.
	Prewarm(key streams.Key, d time.Duration) error
}

// maxBrowsers bounds the WebSockets that a stream is sent over at once.
const maxBrowsers = 4000

// wsLive sends a stream to a browser: its type as a text message, then the initialisation segment
// and the fragments, each as a binary message. What stands in the way is said before the upgrade,
// and also to who asks without one, since a page isn't told why its WebSocket was refused.
func (a *API) wsLive(w http.ResponseWriter, r *http.Request) {
	key, err := liveKey(r)
	if err == nil && !sameOrigin(r) {
		err = problem(http.StatusForbidden, "a stream can't be watched from another site's page")
	}
	if err == nil {
		err = a.mayView(r.Context(), key.Channel)
	}
	if err != nil {
		a.writeProblem(w, r, err)
		return
	}
	select {
	case a.watching <- struct{}{}:
		defer func() { <-a.watching }()
	default:
		a.writeProblem(w, r, problem(http.StatusServiceUnavailable, fmt.Sprintf("%d browsers are watching: try again later", maxBrowsers)).with("Retry-After", "10"))
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.life, cancel)()
	who := streams.Who{Kind: "browser", Remote: r.RemoteAddr, User: principal(ctx).String()}
	reader, muxer, err := a.joinLive(ctx, key, who)
	if err != nil {
		a.writeProblem(w, r, err)
		return
	}
	defer reader.Close()
	if !websocket.IsWebSocketUpgrade(r) {
		a.writeProblem(w, r, problem(http.StatusUpgradeRequired, "the stream is there; open it as a WebSocket").with("Upgrade", "websocket"))
		return
	}
	upgrader := websocket.Upgrader{
		CheckOrigin: sameOrigin,
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			a.writeProblem(w, r, problem(status, reason.Error()))
		},
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	defer ws.Close()

	ctx, cancel = context.WithCancel(a.life) // the request's own means nothing any more
	defer cancel()
	var others sync.WaitGroup
	defer others.Wait()
	defer ws.Close() // ends the reading
	defer cancel()
	others.Go(func() {
		defer cancel()
		drain(ws)
	})
	others.Go(func() { ping(ctx, ws) })
	var ungranted atomic.Bool
	others.Go(func() {
		a.while(ctx, r, func(p Principal) bool {
			return a.mayView(context.WithValue(ctx, principalKey{}, p), key.Channel) == nil
		}, func() {
			ungranted.Store(true)
			cancel()
		})
	})
	// A message that is under way to a browser that takes nothing must not hold up the end.
	defer context.AfterFunc(ctx, func() { _ = ws.NetConn().SetWriteDeadline(time.Now().Add(time.Second)) })()
	a.live.readers.Add(1)
	defer a.live.readers.Add(-1)
	b := &browser{ws: ws, reader: reader, muxer: muxer, counts: &a.live}
	err = b.play(ctx)
	if ungranted.Load() {
		why := websocket.FormatCloseMessage(websocket.ClosePolicyViolation, "that isn't granted to you any more")
		_ = ws.WriteControl(websocket.CloseMessage, why, time.Now().Add(time.Second))
		return
	}
	if ctx.Err() != nil && a.life.Err() == nil {
		return // it has gone
	}
	if a.life.Err() != nil {
		err = streams.ErrClosed
	}
	if errors.Is(err, streams.ErrBehind) {
		a.o.Log.Warn("a reader was sent away", "remote", r.RemoteAddr, "channel", key.Channel, "profile", key.Profile, "reason", err)
	}
	code, why := farewell(err)
	_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), time.Now().Add(time.Second))
}

// liveKey is the stream that a request is for.
func liveKey(r *http.Request) (streams.Key, error) {
	key := streams.Key{Channel: r.PathValue("id"), Profile: streams.Main}
	for name, values := range r.URL.Query() {
		if name == "ticket" {
			continue
		}
		if name != "profile" {
			return key, badQuery(name, "", "is unknown here; there are profile and ticket")
		}
		p, err := profileOf(strings.Join(values, ","))
		if err != nil {
			return key, err
		}
		key.Profile = p
	}
	return key, nil
}

func profileOf(s string) (streams.Profile, error) {
	switch p := streams.Profile(s); p {
	case "":
		return streams.Main, nil
	case streams.Main, streams.Sub:
		return p, nil
	}
	return "", badQuery("profile", s, "must be main or sub")
}

// joinLive waits until the camera sends what a browser can play.
func (a *API) joinLive(ctx context.Context, key streams.Key, who streams.Who) (*streams.Reader, *live.Muxer, error) {
	const margin = 10 // the hub knows better why it took too long, and says so when the time is over
	patience := a.o.StartTimeout + a.o.StartTimeout/margin
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const descriptions = 3 // an old one, the camera's own, and one more for a camera that can't decide
	var err error
	for range descriptions {
		var reader *streams.Reader
		if reader, err = a.o.Live.Join(ctx, key, who); err != nil {
			break
		}
		if err = reader.Wait(ctx); err == nil {
			var muxer *live.Muxer
			if muxer, err = live.New(reader.Description()); err == nil {
				return reader, muxer, nil
			}
		}
		reader.Close()
		if !errors.Is(err, streams.ErrRedescribed) {
			break
		}
	}
	return nil, nil, tooLate(err)
}

// tooLate gives the time-out its reason.
func tooLate(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return noAnswer
	}
	return err
}

// sameOrigin refuses pages of other origins, as the upgrade itself would; but that comes late.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// ping asks a browser from time to time whether it is there, until ctx ends; drain hears the answer.
func ping(ctx context.Context, ws *websocket.Conn) {
	tick := time.NewTicker(wsPing)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(wsWrite)) != nil {
				return
			}
		}
	}
}
