package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// Events is where events can be listened to, and read again.
type Events interface {
	// Subscribe calls deliver with each event on the subject from now on, until stop.
	Subscribe(subject string, deliver func(subject string, event []byte)) (stop func(), err error)
	// Past are stored events, newest first, at most limit, from since on and before until (zero: no
	// bound). next is what to give as before for the next page; 0 after the last.
	Past(ctx context.Context, f event.Filter, since, until time.Time, before uint64, limit int) (events [][]byte, next uint64, err error)
}

const (
	waitingEvents = 4096             // for one listener
	wsWrite       = 10 * time.Second // for one message to leave
	wsPing        = 20 * time.Second // a listener that answers none of three is gone
)

// listener is one WebSocket that events are sent to. It has its own bounded queue: what doesn't fit
// is counted, and the listener is told.
type listener struct {
	wake chan struct{}

	mu      sync.Mutex
	waiting [][]byte
	missed  int
}

func (l *listener) push(ev []byte) {
	l.mu.Lock()
	if len(l.waiting) < waitingEvents {
		l.waiting = append(l.waiting, ev)
	} else {
		l.missed++
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take empties the queue. What was missed came after what waited.
func (l *listener) take() (events [][]byte, missed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events, missed = l.waiting, l.missed
	l.waiting, l.missed = nil, 0
	return events, missed
}

// wsEvents sends each event as a text message, as it happens, to whoever opens the WebSocket. The
// filters are those of the query: kind, class, scenario, site, channel. A listener that falls behind
// gets {"missed":N} in place of N events, and goes on.
func (a *API) wsEvents(w http.ResponseWriter, r *http.Request) {
	filter, err := eventFilter(r.URL.Query())
	if err != nil {
		a.writeProblem(w, r, err)
		return
	}
	select {
	case a.listening <- struct{}{}:
		defer func() { <-a.listening }()
	default:
		a.writeProblem(w, r, problem(http.StatusServiceUnavailable, fmt.Sprintf("%d are listening: try again later", maxListeners)).with("Retry-After", "10"))
		return
	}
	upgrader := websocket.Upgrader{ // its default refuses pages of other origins
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			a.writeProblem(w, r, problem(status, reason.Error()))
		},
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	defer ws.Close()
	l := &listener{wake: make(chan struct{}, 1)}
	var scopes atomic.Pointer[[]registry.Scope]
	now := within(r.Context(), "events")
	scopes.Store(&now)
	stop, err := a.o.Events.Subscribe(filter.Subject(), func(subject string, ev []byte) {
		if filter.Matches(subject) && a.mayHear(*scopes.Load(), subject, ev) {
			l.push(ev)
		}
	})
	if err != nil {
		why := websocket.FormatCloseMessage(websocket.CloseTryAgainLater, "events can't be listened to now")
		_ = ws.WriteControl(websocket.CloseMessage, why, time.Now().Add(wsWrite))
		return
	}
	defer stop()

	ctx, cancel := context.WithCancel(a.life)
	defer cancel()
	var reading sync.WaitGroup
	defer reading.Wait()
	defer ws.Close() // ends the reading
	reading.Go(func() {
		defer cancel()
		drain(ws)
	})
	var gone atomic.Bool
	reading.Go(func() {
		a.while(ctx, r, func(p Principal) bool {
			now := within(context.WithValue(ctx, principalKey{}, p), "events")
			scopes.Store(&now)
			return now == nil || len(now) > 0
		}, func() {
			gone.Store(true)
			cancel()
		})
	})
	defer cancel()
	l.send(ctx, ws, &gone)
}

// drain reads what a listener says, which is only that it is alive, until it is gone.
func drain(ws *websocket.Conn) {
	ws.SetReadLimit(1 << 10)
	alive := func(string) error { return ws.SetReadDeadline(time.Now().Add(3 * wsPing)) }
	_ = alive("")
	ws.SetPongHandler(alive)
	for {
		if _, _, err := ws.NextReader(); err != nil {
			return
		}
	}
}

// send writes what waits until ctx ends or the listener is gone; gone tells whether its grant was what ended.
func (l *listener) send(ctx context.Context, ws *websocket.Conn, gone *atomic.Bool) {
	write := func(kind int, b []byte) bool {
		_ = ws.SetWriteDeadline(time.Now().Add(wsWrite))
		return ws.WriteMessage(kind, b) == nil
	}
	ping := time.NewTicker(wsPing)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			why := websocket.FormatCloseMessage(websocket.CloseGoingAway, "the gateway is closing")
			if gone.Load() {
				why = websocket.FormatCloseMessage(websocket.ClosePolicyViolation, "that isn't granted to you any more")
			}
			_ = ws.WriteControl(websocket.CloseMessage, why, time.Now().Add(time.Second))
			return
		case <-ping.C:
			if !write(websocket.PingMessage, nil) {
				return
			}
		case <-l.wake:
			events, missed := l.take()
			for _, ev := range events {
				if !write(websocket.TextMessage, ev) {
					return
				}
			}
			if missed > 0 {
				b, _ := json.Marshal(map[string]int{"missed": missed}) // a number is always marshalled
				if !write(websocket.TextMessage, b) {
					return
				}
			}
		}
	}
}

// eventFilter reads the filters; class and the like may be lists joined by commas. Others are
// parameters that the caller reads.
func eventFilter(values url.Values, others ...string) (event.Filter, error) {
	var f event.Filter
	known := []string{"kind", "class", "scenario", "site", "channel"}
	for name, of := range values {
		list := strings.Split(strings.Join(of, ","), ",")
		switch name {
		case "kind":
			f.Kinds = list
		case "class":
			f.Classes = list
		case "scenario":
			f.Scenarios = list
		case "site":
			f.Site = strings.TrimSuffix(strings.Join(of, ","), "/")
		case "channel":
			f.Channel = strings.Join(of, ",")
		default:
			if !slices.Contains(others, name) {
				return f, badQuery(name, "", "is unknown here; there are "+strings.Join(append(known, others...), ", "))
			}
		}
	}
	var kinds []string
	for _, k := range event.Kinds() {
		kinds = append(kinds, string(k))
	}
	for _, k := range f.Kinds {
		if !slices.Contains(kinds, k) {
			return f, badQuery("kind", k, fmt.Sprintf("must be one of %s", strings.Join(kinds, ", ")))
		}
	}
	// The rest is checked, so that no word of a subject can be forged.
	if strings.ContainsFunc(f.Channel, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) {
		return f, badQuery("channel", f.Channel, "must be the id of a channel")
	}
	plain := url.Values{}
	for _, name := range []string{"class", "scenario", "site"} {
		if of, ok := values[name]; ok {
			plain[name] = of
		}
	}
	if _, err := registry.ParseQuery(plain); err != nil {
		return f, badQueryError{err}
	}
	return f, nil
}
