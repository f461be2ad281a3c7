package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
)

// Alerts keeps rules and alerts.
type Alerts interface {
	Alerts(ctx context.Context, q alert.Query) (page []alert.Alert, total int, more bool, err error)
	Alert(ctx context.Context, id string) (alert.Alert, error)
	// Act does something with an alert; alert.ErrDone when it is closed already.
	Act(ctx context.Context, id string, do alert.Action, by, comment string, until time.Time) (alert.Alert, error)
	Rules(ctx context.Context) ([]alert.Rule, error)
	Rule(ctx context.Context, name string) (alert.Rule, error)
	PutRule(ctx context.Context, r alert.Rule) (alert.Rule, error)
	DeleteRule(ctx context.Context, name string) error
	// Try runs a rule over the events between two times as if it had been there.
	Try(ctx context.Context, r alert.Rule, since, until time.Time) (alert.Trial, error)
}

type alertsInput struct {
	request
	State    string `query:"state" doc:"open, acknowledged or closed; several joined by commas" example:"open,acknowledged"`
	Severity string `query:"severity" doc:"info, warning or critical; several joined by commas" example:"critical"`
	Rule     string `query:"rule" doc:"names of rules, joined by commas"`
	Class    string `query:"class" doc:"1, 2, 3 or 9; several joined by commas" example:"1,2"`
	Scenario string `query:"scenario" doc:"several joined by commas" example:"campus,traffic"`
	Site     string `query:"site" doc:"a site and all that lies in it" example:"xiamen/siming"`
	Channel  string `query:"channel" doc:"id of a channel"`
	Since    string `query:"since" doc:"RFC 3339: raised then or later" example:"2026-05-01T00:00:00+08:00"`
	Until    string `query:"until" doc:"RFC 3339: raised before then"`
	Limit    string `query:"limit" doc:"1 to 1000, default 100" example:"100"`
	Cursor   string `query:"cursor" doc:"next of the page before"`
}

type alertsOutput struct {
	Body struct {
		Items []alert.Alert `json:"items" doc:"newest first"`
		Next  string        `json:"next" doc:"cursor of the next page; empty after the last"`
		Total int           `json:"total" doc:"of all pages"`
	}
}

type alertInput struct {
	request
	ID string `path:"id" doc:"the alert's id"`
}

type alertOutput struct{ Body alert.Alert }

// deed is what is said with an action.
type deed struct {
	Comment string    `json:"comment,omitempty" doc:"what is to be known of it"`
	Until   time.Time `json:"until,omitzero" doc:"of a snooze: when the alert is raised again"`
}

// alertActions are the ends of the paths, and what they do.
var alertActions = map[string]alert.Action{"ack": alert.Acknowledge, "close": alert.Close, "snooze": alert.Snooze}

func (a *API) alertOperations(h huma.API) {
	tags := []string{"alerts"}
	register(a, h, huma.Operation{
		OperationID: "list-alerts", Method: http.MethodGet, Path: prefix + "/alerts", Tags: tags,
		Summary: "Alerts, newest first", Description: "They are kept for 90 days after the last that became of them.",
	}, a.listAlerts)
	register(a, h, huma.Operation{
		OperationID: "get-alert", Method: http.MethodGet, Path: prefix + "/alerts/{id}", Tags: tags, Summary: "One alert",
	}, func(ctx context.Context, in *alertInput) (*alertOutput, error) {
		found, err := a.alert(ctx, "events", in.ID)
		return &alertOutput{found}, err
	})
	register(a, h, huma.Operation{
		OperationID: "act-on-alert", Method: http.MethodPost, Path: prefix + "/alerts/{id}", Tags: tags,
		Summary:     "Acknowledge, close or snooze an alert: {id}:ack, {id}:close, {id}:snooze",
		Description: "The body is {\"comment\"}, and {\"until\"} of a snooze. Who did it, and when, is kept.",
	}, a.actOnAlert)
}

func (a *API) listAlerts(ctx context.Context, in *alertsInput) (*alertsOutput, error) {
	q, err := alertQuery(in.r.URL.Query())
	if err != nil {
		return nil, err
	}
	q.Only = a.maySee(ctx, "events")
	page, total, more, err := a.o.Alerts.Alerts(ctx, q)
	if err != nil {
		if _, fields := errors.AsType[registry.FieldErrors](err); fields {
			err = badQueryError{err}
		}
		return nil, err
	}
	var out alertsOutput
	out.Body.Items, out.Body.Total = page, total
	if page == nil {
		out.Body.Items = []alert.Alert{}
	}
	if more {
		out.Body.Next = page[len(page)-1].Cursor()
	}
	return &out, nil
}

func alertQuery(values url.Values) (q alert.Query, err error) {
	q.Limit = registry.DefaultLimit
	for name := range values {
		value := values.Get(name)
		list := slices.DeleteFunc(strings.Split(value, ","), func(s string) bool { return s == "" })
		switch name {
		case "state":
			err = amongst(name, list, string(alert.Open), string(alert.Acknowledged), string(alert.Closed))
			q.States = list
		case "severity":
			err = amongst(name, list, string(alert.Info), string(alert.Warning), string(alert.Critical))
			q.Severities = list
		case "rule":
			q.Rules = list
		case "class":
			err = amongst(name, list, "1", "2", "3", "9")
			for _, c := range list {
				n, _ := strconv.Atoi(c)
				q.Classes = append(q.Classes, n)
			}
		case "scenario":
			q.Scenarios = list
		case "site":
			q.Site = value
		case "channel":
			q.Channel = value
		case "since":
			q.Since, err = moment(name, value)
		case "until":
			q.Until, err = moment(name, value)
		case "limit":
			if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 || q.Limit > registry.MaxLimit {
				err = badQuery(name, value, "must be a whole number from 1 to "+strconv.Itoa(registry.MaxLimit))
			}
		case "cursor":
			q.After = value
		default:
			err = badQuery(name, "", "is unknown here; there are state, severity, rule, class, scenario, site, channel, since, until, limit and cursor")
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func amongst(name string, values []string, known ...string) error {
	for _, v := range values {
		if !slices.Contains(known, v) {
			return badQuery(name, v, "must be of "+strings.Join(known, ", "))
		}
	}
	return nil
}

// alert is one that the asker may do the action with; any other is as if it weren't there.
func (a *API) alert(ctx context.Context, action, id string) (alert.Alert, error) {
	found, err := a.o.Alerts.Alert(ctx, id)
	if err != nil {
		return found, err
	}
	if may := a.maySee(ctx, action); may != nil && !may(&found) {
		return alert.Alert{}, &registry.NotFoundError{What: "alert", ID: id}
	}
	return found, nil
}

func (a *API) actOnAlert(ctx context.Context, in *alertInput) (*alertOutput, error) {
	id, verb, _ := strings.Cut(in.ID, ":")
	do, ok := alertActions[verb]
	if !ok {
		return nil, problem(http.StatusNotFound, "there is nothing at "+in.r.URL.Path+": write "+prefix+"/alerts/ID:ack, :close or :snooze")
	}
	var d deed
	if in.r.ContentLength != 0 {
		if err := decodeStrictly(in.request, &d); err != nil {
			return nil, err
		}
	}
	if _, err := a.alert(ctx, "acknowledge", id); err != nil {
		return nil, err
	}
	done, err := a.o.Alerts.Act(ctx, id, do, principal(ctx).String(), d.Comment, d.Until)
	if errors.Is(err, alert.ErrDone) {
		err = RefusedError{err}
	}
	return &alertOutput{done}, err
}
