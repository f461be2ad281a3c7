package registry

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sharpeyes/registry/event"
	"sharpeyes/registry/geo"
)

// queryParameters are those of ParseQuery.
var queryParameters = []string{"class", "scenario", "site", "state", "tag", "q", "bbox", "sort", "limit", "cursor"}

// ParseQuery reads a query from the parameters class, scenario, site, state, tag, q, bbox, sort,
// limit and cursor; class, scenario, state and tag take several values, repeated or joined by
// commas. A parameter that is empty is as good as absent. One that it doesn't know is an error,
// unless it is among others, which are left to the caller. The error is FieldErrors, with
// everything that is wrong, each with the parameter, its value, and how to mend it.
func ParseQuery(v url.Values, others ...string) (Query, error) {
	var q Query
	var errs FieldErrors
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if !slices.Contains(queryParameters, name) && !slices.Contains(others, name) {
			errs.add(shorten(name), "", "unknown parameter; there are "+strings.Join(slices.Concat(queryParameters, others), ", "))
		}
	}
	for _, s := range listOf(v, "class") {
		if c, ok := parseClass(s); ok {
			q.Classes = append(q.Classes, c)
		} else {
			errs.add("class", s, mendClass)
		}
	}
	for _, s := range listOf(v, "scenario") {
		if isToken(s) {
			q.Scenarios = append(q.Scenarios, s)
		} else {
			errs.add("scenario", s, mendToken)
		}
	}
	for _, s := range listOf(v, "state") {
		if state := event.State(s); slices.Contains(stateNames, state) {
			q.States = append(q.States, state)
		} else {
			errs.add("state", s, "must be online, degraded, offline, unknown or disabled")
		}
	}
	q.Tags = listOf(v, "tag")
	for _, s := range q.Tags {
		if !isTag(s) {
			errs.add("tag", s, mendTag)
		}
	}
	if s := strings.TrimSuffix(one(v, "site", &errs), "/"); s != "" {
		if q.Site = s; !isSite(s) {
			errs.add("site", s, mendSite)
		}
	}
	if q.Text = strings.TrimSpace(one(v, "q", &errs)); len(q.Text) > maxText {
		errs.add("q", q.Text, "must be at most "+strconv.Itoa(maxText)+" bytes long")
	}
	if s := one(v, "bbox", &errs); s != "" {
		if q.BBox = parseBox(s); q.BBox == nil {
			errs.add("bbox", s, "must be minlon,minlat,maxlon,maxlat in degrees, the smaller ones first")
		}
	}
	if s := one(v, "limit", &errs); s != "" {
		n, err := strconv.Atoi(s)
		if q.Limit = n; err != nil || n < 1 || n > MaxLimit {
			errs.add("limit", s, "must be a whole number from 1 to "+strconv.Itoa(MaxLimit))
		}
	}
	q.Sort, q.Cursor = one(v, "sort", &errs), one(v, "cursor", &errs)
	if o, err := orderOf(q.Sort); err != nil {
		errs = append(errs, err.(FieldErrors)...)
	} else if q.Cursor != "" {
		if _, err := o.parseCursor(q.Cursor); err != nil {
			errs = append(errs, err.(FieldErrors)...)
		}
	}
	if len(errs) > 0 {
		return Query{}, errs
	}
	return q, nil
}

// maxText is the longest text that is searched for, in bytes.
const maxText = 512

var stateNames = []event.State{event.Online, event.Degraded, event.Offline, event.Unknown, event.Disabled}

// listOf are the values of a parameter that may be repeated and joined by commas.
func listOf(v url.Values, name string) []string {
	var list []string
	for _, joined := range v[name] {
		for s := range strings.SplitSeq(joined, ",") {
			if s = strings.TrimSpace(s); s != "" && !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}

// one is the value of a parameter that may be there once.
func one(v url.Values, name string, errs *FieldErrors) string {
	if len(v[name]) > 1 {
		errs.add(name, v[name][1], "may be given once")
	}
	return v.Get(name)
}

func parseBox(s string) *geo.Box {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return nil
	}
	var n [4]float64
	for i, part := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
		n[i] = f
	}
	if n[0] > n[2] || n[1] > n[3] || n[0] < -180 || n[2] > 180 || n[1] < -90 || n[3] > 90 {
		return nil
	}
	return &geo.Box{MinLon: n[0], MinLat: n[1], MaxLon: n[2], MaxLat: n[3]}
}
