package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// What may wait for one endpoint of the micro service; further requests are dropped, and their
// askers time out.
const (
	waitingRequests = 4096
	waitingBytes    = 4 << 20
)

// ServeNATS answers on the subjects of the micro service, on each one after another: the service
// looks at the answer when the handler returns, so it can't be given later. None takes longer than
// some milliseconds. Who may ask is for the NATS server to say.
//
// The service hooks itself into nc's handlers of errors and of closing, so these must be set before.
func (a *API) ServeNATS(nc *nats.Conn) (stop func() error, err error) {
	svc, err := micro.AddService(nc, micro.Config{
		Name:        event.ServiceName,
		Version:     semantic(a.o.Version),
		Description: "The channels of the city and their states",
		ErrorHandler: func(_ micro.Service, e *micro.NATSError) {
			a.o.Log.LogAttrs(context.Background(), slog.LevelWarn, "micro service", slog.String("subject", e.Subject), slog.String("error", e.Description))
		},
	})
	if err != nil {
		return nil, fmt.Errorf("adding the micro service %s: %w", event.ServiceName, err)
	}
	m := &microService{a: a, payload: int(nc.MaxPayload())}
	for _, e := range []struct {
		name, subject string
		answer        func([]byte) (any, error)
	}{
		{"channels-get", event.ChannelsGet, m.get},
		{"channels-query", event.ChannelsQuery, m.query},
		{"channels-report", event.ChannelsReport, m.report},
		{"sites", event.Sites, m.sites},
		{"stats", event.Stats, m.stats},
		{"streams_open", event.StreamsOpen, m.open},
		{"motion_report", event.MotionReport, m.motion},
	} {
		err := svc.AddEndpoint(e.name, m.handler(e.subject, e.answer),
			micro.WithEndpointSubject(e.subject), micro.WithEndpointPendingLimits(waitingRequests, waitingBytes))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("answering on %s: %w", e.subject, err), svc.Stop())
		}
	}
	return svc.Stop, nil
}

type microService struct {
	a       *API
	payload int // bytes that an answer may have
}

func (m *microService) handler(subject string, answer func([]byte) (any, error)) micro.Handler {
	return micro.HandlerFunc(func(r micro.Request) { m.respond(r, subject, answer) })
}

func (m *microService) respond(r micro.Request, subject string, answer func([]byte) (any, error)) {
	ctx := context.Background()
	v, err := answer(r.Data())
	var body []byte
	if err == nil {
		body, err = json.Marshal(v)
	}
	if err == nil && len(body) > m.payload {
		err = problem(413, fmt.Sprintf("the answer has %d bytes, more than the %d that NATS carries: ask with a smaller limit", len(body), m.payload))
	}
	if err == nil {
		err = r.Respond(body)
	} else {
		p := m.a.problemOf(ctx, subject, err)
		body, _ = json.Marshal(p) // strings and numbers are always marshalled
		err = r.Error(strconv.Itoa(p.Status), oneLine(p.Detail), body)
	}
	if err != nil {
		m.a.o.Log.LogAttrs(ctx, slog.LevelWarn, "micro service: answer not sent", slog.String("subject", subject), slog.Any("error", err))
	}
}

func (m *microService) get(data []byte) (any, error) {
	values, err := parameters(data)
	if err != nil {
		return nil, err
	}
	for name := range values {
		if name != "id" {
			return nil, badQuery(name, "", "is unknown here; there is id")
		}
	}
	id := values.Get("id")
	if id == "" {
		return nil, badQuery("id", "", "must be there")
	}
	return m.a.channel(context.Background(), "", id)
}

func (m *microService) query(data []byte) (any, error) {
	values, err := parameters(data)
	if err != nil {
		return nil, err
	}
	return m.a.query(context.Background(), "", values)
}

func (m *microService) stats(data []byte) (any, error) {
	values, err := parameters(data)
	if err != nil {
		return nil, err
	}
	return m.a.stats(context.Background(), values)
}

func (m *microService) sites(data []byte) (any, error) {
	values, err := parameters(data)
	if err != nil {
		return nil, err
	}
	return m.a.sites(context.Background(), values)
}

func (m *microService) report(data []byte) (any, error) {
	values, err := parameters(data)
	if err != nil {
		return nil, err
	}
	if values.Has("format") {
		return nil, badQuery("format", "", "is unknown here: files are for HTTP")
	}
	q, err := parseReport(values)
	if err != nil {
		return nil, err
	}
	return m.a.report(q), nil
}

// parameters turns a JSON object into the parameters of a query: each value is a text, a number,
// true or false, or a list of these. No data is as good as {}.
func parameters(data []byte) (url.Values, error) {
	var object map[string]any
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber() // 20-digit ids aren't to be rounded
	if len(data) > 0 {
		if err := d.Decode(&object); err != nil {
			return nil, badQueryError{registry.FieldErrors{{Message: "must be one JSON object: " + err.Error()}}}
		}
		if d.More() {
			return nil, badQueryError{registry.FieldErrors{{Message: "must be one JSON object: something follows it"}}}
		}
	}
	values := url.Values{}
	for name, v := range object {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		var parts []string
		for _, one := range list {
			switch one := one.(type) {
			case nil:
			case string:
				parts = append(parts, one)
			case json.Number:
				parts = append(parts, one.String())
			case bool:
				parts = append(parts, strconv.FormatBool(one))
			default:
				return nil, badQuery(name, "", "must be a text, a number, or a list of these")
			}
		}
		if len(parts) > 0 {
			values.Set(name, strings.Join(parts, ","))
		}
	}
	return values, nil
}

var semver = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// semantic is a version as the micro service protocol wants it.
func semantic(version string) string {
	version = strings.TrimPrefix(version, "v")
	if semver.MatchString(version) {
		return version
	}
	return "0.0.0-dev"
}

// oneLine fits a text into a header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// motion takes what a detector outside says.
func (m *microService) motion(data []byte) (any, error) {
	var report MotionReport
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, badQueryError{fmt.Errorf("the report isn't {\"id\",\"state\",\"score\",\"at\"}: %w", err)}
	}
	if m.a.o.Report == nil {
		return nil, RefusedError{errors.New("this gateway takes no reports")}
	}
	return struct{}{}, m.a.reportMotion(context.Background(), report)
}

// Opened is where a stream can be watched.
type Opened struct {
	RTSPURL string `json:"rtsp_url"`
	WSURL   string `json:"ws_url"` // of a WebSocket, see /ws/live; a path where the gateway's name isn't known
}

// open makes a ticket for a stream. Nothing is pulled before somebody comes with it.
func (m *microService) open(data []byte) (any, error) {
	var q struct{ ID, Profile string }
	if err := json.Unmarshal(data, &q); err != nil {
		return nil, badQueryError{fmt.Errorf("the question isn't {\"id\",\"profile\"}: %w", err)}
	}
	profile, err := profileOf(q.Profile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	ch, err := m.a.known(ctx, q.ID)
	if err != nil {
		return nil, err
	}
	if profile == streams.Sub && ch.SubURL == "" {
		return nil, &registry.NotFoundError{What: "sub stream of channel", ID: q.ID}
	}
	if m.a.o.Ticket == nil {
		return nil, RefusedError{errors.New("this gateway gives no tickets")}
	}
	ticket, err := m.a.o.Ticket(ctx, q.ID, string(profile))
	if err != nil {
		return nil, err
	}
	values := url.Values{"profile": {string(profile)}, "ticket": {ticket}}
	return Opened{
		RTSPURL: m.a.o.RTSPURL("", q.ID, profile) + "?ticket=" + ticket,
		WSURL:   m.a.o.LiveURL + strings.Replace(livePath, "{id}", url.PathEscape(q.ID), 1) + "?" + values.Encode(),
	}, nil
}
