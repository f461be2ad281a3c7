package rates

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// period is from..until in ms, no later than now and no earlier than what is kept. The error is
// registry.FieldErrors.
func period(from, until, now time.Time) (int64, int64, error) {
	if until.After(now) {
		until = now
	}
	switch oldest := now.Add(-(keepDays + 1) * 24 * time.Hour); {
	case from.Before(oldest):
		return 0, 0, registry.FieldErrors{{Column: "from", Value: from.Format(time.RFC3339), Message: "must be within the last 90 days"}}
	case !from.Before(until):
		return 0, 0, registry.FieldErrors{{Column: "from", Value: from.Format(time.RFC3339), Message: "must be earlier than until, and than now"}}
	}
	return from.UnixMilli(), until.UnixMilli(), nil
}

// Rates are the rates of the channels that the query means, in groups by any of class, site and
// scenario. The query's states are left out of account. The period ends now at the latest; one that
// can't be asked for is registry.FieldErrors.
func (r *Recorder) Rates(ctx context.Context, q registry.Query, by []string, from, until time.Time) (registry.Rates, error) {
	a, b, err := period(from, until, time.Now())
	if err != nil {
		return registry.Rates{}, err
	}
	leave, err := r.enter(ctx)
	if err != nil {
		return registry.Rates{}, err
	}
	defer leave()
	s := r.o.Snapshot()
	byClass, bySite, byScenario := slices.Contains(by, "class"), slices.Contains(by, "site"), slices.Contains(by, "scenario")
	type key struct {
		class          registry.Class
		site, scenario string
	}
	index := make(map[key]int32)
	var groups []registry.RateGroup
	var classes []map[registry.Class]bool
	q.States = nil
	group := r.gather(s, q, func(ch registry.Channel) int32 {
		var k key
		if byClass {
			k.class = ch.Class
		}
		if bySite {
			k.site = ch.Site
		}
		if byScenario {
			k.scenario = ch.Scenario
		}
		g, ok := index[k]
		if !ok {
			g = int32(len(groups))
			index[k] = g
			groups = append(groups, registry.RateGroup{Class: k.class, Site: k.site, Scenario: k.scenario})
			classes = append(classes, make(map[registry.Class]bool))
		}
		groups[g].Channels++
		classes[g][ch.Class] = true
		return g
	})
	tallies, err := r.tally(ctx, s, question{a, b, group, len(groups)})
	if err != nil {
		return registry.Rates{}, err
	}
	answer := registry.Rates{From: time.UnixMilli(a).UTC(), Until: time.UnixMilli(b).UTC(), By: by, Groups: []registry.RateGroup{}}
	targets := r.o.Targets()
	var total tally
	all := make(map[registry.Class]bool)
	for i := range groups {
		groups[i].Rate = rateOf(groups[i].Channels, &tallies[i], b-a)
		aim(&groups[i].Rate, classes[i], targets)
		answer.Total.Channels += groups[i].Channels
		total.merge(&tallies[i])
		for c := range classes[i] {
			all[c] = true
		}
	}
	answer.Total = rateOf(answer.Total.Channels, &total, b-a)
	aim(&answer.Total, all, targets)
	if len(by) > 0 {
		slices.SortFunc(groups, func(a, b registry.RateGroup) int {
			return cmp.Or(cmp.Compare(a.Class, b.Class), strings.Compare(a.Site, b.Site), strings.Compare(a.Scenario, b.Scenario))
		})
		answer.Groups = append(answer.Groups, groups...)
	}
	return answer, nil
}

// aim sets the target of channels that are all of one class.
func aim(r *registry.Rate, classes map[registry.Class]bool, targets map[int]float64) {
	if len(classes) != 1 {
		return
	}
	for c := range classes {
		target, ok := targets[int(c)]
		if !ok {
			return
		}
		r.Target = &target
		if r.OnlineRate != nil {
			met := *r.OnlineRate >= target
			r.Met = &met
		}
	}
}

func rateOf(channels int, t *tally, period int64) registry.Rate {
	seconds := func(ms int64) float64 { return float64(ms) / 1000 }
	r := registry.Rate{
		Channels: channels,
		Online:   seconds(t[0]), Degraded: seconds(t[1]), Offline: seconds(t[2]), Unknown: seconds(t[3]),
		Excluded: seconds(int64(channels)*period - t.all()),
	}
	if known := t[0] + t[1] + t[2]; known > 0 {
		up, intact := float64(t[0]+t[1])/float64(known), float64(t[0])/float64(known)
		r.OnlineRate, r.IntactRate = &up, &intact
	}
	if all := t.all(); all > 0 {
		r.UnknownShare = float64(t[3]) / float64(all)
	}
	return r
}

// cursor is where a page of channels ends. It keeps the period, which else would end later from page
// to page.
type cursor struct {
	From, Until       int64
	Offline, Degraded int64
	ID                string
}

// Channels are the channels behind a rate, limit of them from the cursor on. A period and a cursor
// that can't be asked for are registry.FieldErrors; with a cursor the period is that of the page before.
func (r *Recorder) Channels(ctx context.Context, q registry.Query, from, until time.Time, limit int, after string) (registry.ChannelRates, error) {
	var at cursor
	if after != "" {
		b, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || json.Unmarshal(b, &at) != nil || at.From < 0 || at.Until > maxTime {
			return registry.ChannelRates{}, registry.FieldErrors{{Column: "cursor", Value: after, Message: "must be next of the page before"}}
		}
		from, until = time.UnixMilli(at.From), time.UnixMilli(at.Until)
	}
	a, b, err := period(from, until, time.Now())
	if err != nil {
		return registry.ChannelRates{}, err
	}
	leave, err := r.enter(ctx)
	if err != nil {
		return registry.ChannelRates{}, err
	}
	defer leave()
	s := r.o.Snapshot()
	q.States = nil
	var ids []string
	group := r.gather(s, q, func(ch registry.Channel) int32 {
		ids = append(ids, ch.ID)
		return int32(len(ids) - 1)
	})
	tallies, err := r.tally(ctx, s, question{a, b, group, len(ids)})
	if err != nil {
		return registry.ChannelRates{}, err
	}
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	worse := func(offline, degraded int64, id string, j int) int {
		t := &tallies[j]
		return cmp.Or(cmp.Compare(t[2], offline), cmp.Compare(t[1], degraded), strings.Compare(id, ids[j]))
	}
	slices.SortFunc(order, func(i, j int) int { return worse(tallies[i][2], tallies[i][1], ids[i], j) })
	if after != "" {
		order = slices.DeleteFunc(order, func(j int) bool { return worse(at.Offline, at.Degraded, at.ID, j) >= 0 })
	}
	answer := registry.ChannelRates{From: time.UnixMilli(a).UTC(), Until: time.UnixMilli(b).UTC(), Items: []registry.ChannelRate{}, Total: len(ids)}
	targets := r.o.Targets()
	for i, j := range order {
		if i == limit {
			last := order[i-1]
			c, err := json.Marshal(cursor{a, b, tallies[last][2], tallies[last][1], ids[last]})
			if err != nil {
				return registry.ChannelRates{}, err
			}
			answer.Next = base64.RawURLEncoding.EncodeToString(c)
			break
		}
		ch, _ := s.Get(ids[j])
		item := registry.ChannelRate{ID: ch.ID, Name: ch.Name, Class: ch.Class, Site: ch.Site, Scenario: ch.Scenario, Rate: rateOf(1, &tallies[j], b-a)}
		aim(&item.Rate, map[registry.Class]bool{ch.Class: true}, targets)
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

// States are the stretches of time in which a channel was in one state, newest first, at most limit.
// The channel may be deleted by now; one that was never recorded has none.
func (r *Recorder) States(ctx context.Context, id string, from, until time.Time, limit int) ([]registry.StateSpan, error) {
	a, b, err := period(from, until, time.Now())
	if err != nil {
		return nil, err
	}
	leave, err := r.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var cuts spans
	s := r.o.Snapshot()
	if ch, ok := s.Get(id); ok {
		if c := windowsOf(s.Maintenances()).of(ch); c != nil {
			cuts = c.spans
		}
	}
	story, rest, parts := r.openStory(id, a, b)
	for _, number := range slices.Backward(rest) {
		if len(split(story, cuts)) > limit {
			break
		}
		var earlier []stretch
		err := r.read(ctx, number, parts[number], func(p *part, other []byte, first point, changes []change) bool {
			if string(other) == id {
				earlier = stretches(number, first, changes, p.gaps, a, b, func(n uint16) event.Reason { return p.reasons[n] })
			}
			return string(other) < id
		})
		if err != nil {
			return nil, err
		}
		story = append(earlier, story...)
	}
	answer := []registry.StateSpan{}
	for _, one := range slices.Backward(split(story, cuts)) {
		if len(answer) == limit {
			break
		}
		answer = append(answer, registry.StateSpan{
			State: one.state.state(), Reason: one.reason, Maintenance: one.maintenance,
			From: time.UnixMilli(one.from).UTC(), Until: time.UnixMilli(one.until).UTC(),
		})
	}
	return answer, nil
}

// openStory is what the open days tell of a channel, and the days at rest of the period.
func (r *Recorder) openStory(id string, from, until int64) (story []stretch, rest []int64, parts map[int64]int) {
	now := time.Now().UnixMilli()
	r.mu.RLock()
	defer r.mu.RUnlock()
	rest, parts = r.restIn(from, until)
	n, ok := r.book.ids[id]
	if !ok {
		return nil, rest, parts
	}
	for _, d := range r.book.days {
		first, changes := d.of(int(n))
		story = append(story, stretches(d.number, first, changes, r.book.gapsOf(d, now), from, until, func(n uint16) event.Reason { return r.book.reasons[n] })...)
	}
	return story, rest, parts
}
