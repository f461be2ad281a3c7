package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/alert"
)

type rulesOutput struct {
	Body struct {
		Items []alert.Rule `json:"items" doc:"by name; secrets of webhooks are never shown"`
	}
}

type ruleInput struct {
	request
	Name string `path:"name" doc:"the rule's name"`
}

type ruleOutput struct{ Body alert.Rule }

type rulesInput struct{ request }

// trialInput is a rule that is to be tried.
type trialInput struct{ request }

type trial struct {
	Rule  alert.Rule `json:"rule"`
	Since time.Time  `json:"since,omitzero" doc:"left out: a day before until"`
	Until time.Time  `json:"until,omitzero" doc:"left out: now"`
}

type trialOutput struct{ Body alert.Trial }

func (a *API) ruleOperations(h huma.API) {
	tags := []string{"alerts"}
	register(a, h, huma.Operation{
		OperationID: "list-rules", Method: http.MethodGet, Path: prefix + "/rules", Tags: tags, Summary: "All rules for alerts",
	}, func(ctx context.Context, _ *rulesInput) (*rulesOutput, error) {
		var out rulesOutput
		rules, err := a.o.Alerts.Rules(ctx)
		out.Body.Items = rules
		return &out, err
	})
	register(a, h, huma.Operation{
		OperationID: "put-rules", Method: http.MethodPut, Path: prefix + "/rules", Tags: tags,
		Summary:     "Make the rules those of a list",
		Description: "All are checked before any is taken. Rules that aren't in the list are deleted.",
	}, a.putRules)
	register(a, h, huma.Operation{
		OperationID: "get-rule", Method: http.MethodGet, Path: prefix + "/rules/{name}", Tags: tags, Summary: "One rule",
	}, func(ctx context.Context, in *ruleInput) (*ruleOutput, error) {
		r, err := a.o.Alerts.Rule(ctx, in.Name)
		return &ruleOutput{r}, err
	})
	register(a, h, huma.Operation{
		OperationID: "put-rule", Method: http.MethodPut, Path: prefix + "/rules/{name}", Tags: tags, Summary: "Make or replace a rule",
	}, a.putRule)
	register(a, h, huma.Operation{
		OperationID: "delete-rule", Method: http.MethodDelete, Path: prefix + "/rules/{name}", Tags: tags,
		Summary: "Delete a rule; its alerts stay", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *ruleInput) (*emptyOutput, error) {
		return nil, a.o.Alerts.DeleteRule(ctx, in.Name)
	})
	register(a, h, huma.Operation{
		OperationID: "test-rule", Method: http.MethodPost, Path: prefix + "/rules:test", Tags: tags,
		Summary:     "Run a rule over the past",
		Description: "Tells which alerts it would have raised of the events that are still stored. Nothing is raised, and the rule isn't kept.",
	}, a.tryRule)
}

func (a *API) putRule(ctx context.Context, in *ruleInput) (*ruleOutput, error) {
	var r alert.Rule
	if err := decodeStrictly(in.request, &r); err != nil {
		return nil, err
	}
	if r.Name == "" {
		r.Name = in.Name
	}
	if r.Name != in.Name {
		return nil, registry.FieldErrors{{Column: "name", Value: r.Name, Message: "the path says " + in.Name + ": write the same, or leave it out"}}
	}
	r, err := a.o.Alerts.PutRule(ctx, r)
	return &ruleOutput{r}, err
}

func (a *API) putRules(ctx context.Context, in *rulesInput) (*rulesOutput, error) {
	var list struct {
		Items []alert.Rule `json:"items"`
	}
	if err := decodeStrictly(in.request, &list); err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, r := range list.Items {
		if err := r.Validate(); err != nil {
			return nil, err
		}
		if wanted[r.Name] {
			return nil, registry.FieldErrors{{Column: "name", Value: r.Name, Message: "stands there twice"}}
		}
		wanted[r.Name] = true
	}
	for _, r := range list.Items {
		if _, err := a.o.Alerts.PutRule(ctx, r); err != nil {
			return nil, err
		}
	}
	var out rulesOutput
	all, err := a.o.Alerts.Rules(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.Items = []alert.Rule{}
	for _, r := range all {
		if wanted[r.Name] {
			out.Body.Items = append(out.Body.Items, r)
		} else if err := a.o.Alerts.DeleteRule(ctx, r.Name); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// triedWithin is how long the events of a trial may take to be read.
const triedWithin = 25 * time.Second

func (a *API) tryRule(ctx context.Context, in *trialInput) (*trialOutput, error) {
	var t trial
	if err := decodeStrictly(in.request, &t); err != nil {
		return nil, err
	}
	if t.Rule.Name == "" {
		t.Rule.Name = "trial"
	}
	if t.Until.IsZero() {
		t.Until = time.Now()
	}
	if t.Since.IsZero() {
		t.Since = t.Until.Add(-usualPeriod)
	}
	if !t.Since.Before(t.Until) {
		return nil, registry.FieldErrors{{Column: "since", Value: t.Since.Format(time.RFC3339), Message: "must be before until"}}
	}
	ctx, cancel := context.WithTimeout(ctx, triedWithin)
	defer cancel()
	r, err := a.o.Alerts.Try(ctx, t.Rule, t.Since, t.Until)
	return &trialOutput{r}, err
}
