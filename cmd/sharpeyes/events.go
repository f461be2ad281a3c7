package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// mostPast bounds the events of the past that are held to be written in their order.
const mostPast = 100_000

// events is the command that tells what happens.
type events struct {
	client
	Kind     []string `placeholder:"K" help:"Kinds: health, motion, site, alert, stream, audit, gateway."`
	Class    []string `placeholder:"N" help:"Classes: 1, 2, 3, 9."`
	Scenario []string `placeholder:"S" help:"Scenarios, like campus,traffic."`
	Site     string   `placeholder:"PATH" help:"Site, and all that lies in it, like xiamen/siming."`
	Channel  string   `placeholder:"ID" help:"One channel."`
	Since    string   `placeholder:"D" help:"First tell what happened before: of so long, like 2h, or since a time, like '2026-05-01 22:00'."`
	NoFollow bool     `help:"End after the past."`
}

// told is what a line says of an event.
type told struct {
	ID, Type string
	Time     time.Time
	Source   string
	Data     struct {
		Channel        *struct{ ID, Name, Site string }
		State          string
		Previous       string
		Reason, Detail string
		Site, Device   string
		Offline, Total int
		Score          float64
		Profile        string
		User, Action   string
		Target         string
		Title, By      string
		Comment        string
	}
	Missed int
}

// Run writes each event as it happens, until it is interrupted.
func (e events) Run(ctx context.Context, con console) error {
	query := make(url.Values)
	for name, value := range map[string]string{
		"kind": strings.Join(e.Kind, ","), "class": strings.Join(e.Class, ","), "scenario": strings.Join(e.Scenario, ","),
		"site": e.Site, "channel": e.Channel,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var ws *websocket.Conn
	if !e.NoFollow { // what happens while the past is read waits there
		var err error
		if ws, err = e.listen(ctx, query); err != nil {
			return err
		}
		defer ws.Close()
		defer context.AfterFunc(ctx, func() { ws.Close() })()
	}
	written := make(map[string]bool)
	if e.Since != "" {
		past, err := e.past(ctx, query)
		if err != nil {
			return err
		}
		for i := len(past) - 1; i >= 0; i-- {
			id, err := e.write(con, past[i])
			if err != nil {
				return err
			}
			written[id] = true
		}
		if len(past) == mostPast {
			fmt.Fprintf(con.err, "there was more before: the last %d events are told\n", mostPast)
		}
	}
	for ws != nil {
		_, raw, err := ws.ReadMessage()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listening to the gateway: %w", err)
		}
		if len(written) > 0 {
			var ev told
			if json.Unmarshal(raw, &ev) == nil && written[ev.ID] {
				continue // it is in the past as well
			}
		}
		if _, err := e.write(con, raw); err != nil {
			return err
		}
	}
	return nil
}

// listen opens the WebSocket of events.
func (e events) listen(ctx context.Context, query url.Values) (*websocket.Conn, error) {
	r, err := e.request(ctx, request{method: http.MethodGet, path: "/ws/events", query: query})
	if err != nil {
		return nil, err
	}
	r.URL.Scheme = strings.Replace(r.URL.Scheme, "http", "ws", 1)
	ctx, cancel := context.WithTimeout(ctx, dialogue)
	defer cancel()
	ws, resp, err := websocket.DefaultDialer.DialContext(ctx, r.URL.String(), r.Header)
	if err != nil {
		if resp != nil && errors.Is(err, websocket.ErrBadHandshake) {
			defer resp.Body.Close()
			return nil, readProblem(resp)
		}
		return nil, fmt.Errorf("asking the gateway: %w", err)
	}
	return ws, nil
}

// sinceTime reads --since: of so long, or a time.
func sinceTime(s string) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return time.Now().Add(-d), nil
	}
	since, err := readTime("since", s)
	if err != nil {
		return since, usageError{fmt.Errorf("--since=%s is neither a duration nor a time; write one like 2h or '2026-05-01 22:00'", s)}
	}
	return since, nil
}

// past asks for what happened before, newest first.
func (e events) past(ctx context.Context, query url.Values) ([]json.RawMessage, error) {
	since, err := sinceTime(e.Since)
	if err != nil {
		return nil, err
	}
	q := make(url.Values)
	for name, values := range query {
		q[name] = values
	}
	q.Set("since", since.Format(time.RFC3339Nano))
	q.Set("limit", strconv.Itoa(1000))
	var all []json.RawMessage
	for len(all) < mostPast {
		var page struct {
			Items []json.RawMessage
			Next  string
		}
		if _, err := e.ask(ctx, request{method: http.MethodGet, path: "/events", query: q}, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			break
		}
		q.Set("cursor", page.Next)
	}
	return all[:min(len(all), mostPast)], nil
}

// write tells one event, and returns its id.
func (e events) write(con console, raw []byte) (id string, err error) {
	var ev told
	if err := json.Unmarshal(raw, &ev); err != nil {
		return "", fmt.Errorf("the gateway's answer isn't an event: %w", err)
	}
	switch {
	case ev.Missed > 0:
		_, err = fmt.Fprintf(con.err, "%d events were missed: this end is too slow\n", ev.Missed)
	case e.JSON:
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return "", fmt.Errorf("the gateway's answer isn't an event: %w", err)
		}
		line.WriteByte('\n')
		_, err = line.WriteTo(con.out)
	default:
		_, err = fmt.Fprintln(con.out, printable(ev.line()))
	}
	return ev.ID, err
}

// line is an event for people.
func (t *told) line() string {
	parts := []string{localTime(t.Time), strings.TrimPrefix(t.Type, "sharpeyes.")}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	d := &t.Data
	if d.Channel != nil {
		add(d.Channel.ID)
		add(d.Channel.Name)
		add(d.Channel.Site)
	}
	switch {
	case strings.HasPrefix(t.Type, "sharpeyes.alert."):
		add(d.Title)
		add(d.By)
		add(d.Comment)
	case d.State != "":
		add(d.Previous + " → " + d.State)
		add(d.Reason)
	case strings.HasPrefix(t.Type, "sharpeyes.site."):
		add(d.Site)
		add(d.Device)
		add(fmt.Sprintf("%d of %d offline", d.Offline, d.Total))
	case strings.HasPrefix(t.Type, "sharpeyes.motion."):
		add(fmt.Sprintf("score %.2f", d.Score))
	default:
		add(d.Profile)
		add(d.Reason)
		add(d.User)
		add(d.Action)
		add(d.Target)
	}
	add(d.Detail)
	return strings.Join(parts, "  ")
}
