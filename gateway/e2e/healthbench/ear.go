//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// heard is one event as the subscriber got it.
type heard struct {
	at      time.Time
	sent    time.Time // as the event says
	kind    string    // type of the event
	about   string    // id of the channel, path of the site
	state   string
	reason  string
	offline int // of a site
}

// ear subscribes to what tells of health.
type ear struct {
	conn *nats.Conn

	mu  sync.Mutex
	all []heard
}

func listen(url string) (*ear, error) {
	conn, err := nats.Connect(url)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	e := &ear{conn: conn}
	for _, subject := range []string{"sharpeyes.event.health.>", "sharpeyes.event.site.>", "sharpeyes.event.gateway.>"} {
		s, err := conn.Subscribe(subject, e.take)
		if err == nil {
			err = s.SetPendingLimits(-1, -1)
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	return e, conn.Flush()
}

func (e *ear) take(m *nats.Msg) {
	at := time.Now()
	var ev struct {
		Type, Subject string
		Time          time.Time
		Data          struct {
			State, Reason string
			Offline       int
		}
	}
	if json.Unmarshal(m.Data, &ev) != nil {
		ev.Type = "no JSON"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, heard{at, ev.Time, ev.Type, ev.Subject, ev.Data.State, ev.Data.Reason, ev.Data.Offline})
}

// since is what was heard after a time.
func (e *ear) since(t time.Time) (all []heard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.all {
		if h.at.After(t) {
			all = append(all, h)
		}
	}
	return all
}

func (e *ear) close() { e.conn.Close() }
