package gateway

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"sharpeyes/gateway/alerts"
	"sharpeyes/gateway/bus"
	"sharpeyes/registry"
	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// alerting is the rules and alerts, and their webhooks.
type alerting struct {
	*alerts.Service
	g     *gateway
	queue *bus.Queue
	keys  *bus.Keys
	web   *http.Client
}

// openAlerts opens the rules and the alerts.
func (g *gateway) openAlerts(ctx context.Context) error {
	rules, err := g.bus.Rules(ctx)
	if err != nil {
		return err
	}
	g.closes("the rules", rules.Close)
	stored, err := g.bus.Alerts(ctx)
	if err != nil {
		return err
	}
	g.closes("the alerts", stored.Close)
	a := &alerting{g: g, keys: g.keys, web: &http.Client{
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the signature is for one address
	}}
	g.defers(a.web.CloseIdleConnections)
	if a.queue, err = g.bus.Webhooks(ctx); err != nil {
		return err
	}
	zone, err := time.LoadLocation(g.config().Alerts.Zone)
	if err != nil {
		return fmt.Errorf("alerts.zone: %w", err)
	}
	a.Service, err = alerts.New(ctx, alerts.Options{
		Node: g.config().Node.Name, Zone: zone, Rules: rules, Alerts: stored, Stream: g.bus.Events(), Sealer: g.keys,
		Publish: g.bus.Publish, Tell: a.tell, Rates: a.rates, Fresh: alerts.Fresh(g.o.seed != nil), Log: g.log,
		Channel: func(id string) (registry.Channel, bool) { return g.bus.Registry().Snapshot().Get(id) },
	})
	if err != nil {
		return err
	}
	g.alerts = a
	return nil
}

// run evaluates, while this gateway is the one that does, and tells webhooks, until ctx ends.
func (a *alerting) run(ctx context.Context) error {
	const tellers = 4
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = a.queue.Work(ctx, tellers, a.post) // ends with ctx
	}()
	err := a.g.bus.Lead(ctx, "alerts", a.Lead)
	<-ended
	return err
}

const webhookTimeout = 10 * time.Second

// job is one webhook that is to be told.
type job struct {
	Rule   string          `json:"rule"`
	URL    string          `json:"url"`
	Sealed []byte          `json:"sealed,omitempty"` // the secret, for the rule and the address
	Event  json.RawMessage `json:"event"`
}

// tell keeps what webhooks are to be told until they are.
func (a *alerting) tell(ctx context.Context, r alert.Rule, e event.Event) {
	body, err := json.Marshal(e)
	if err != nil {
		a.g.log.Error("A webhook can't be told", "rule", r.Name, "error", err)
		return
	}
	for i, w := range r.Tell {
		b, err := json.Marshal(job{Rule: r.Name, URL: w.URL, Sealed: w.Sealed, Event: body})
		if err == nil {
			err = a.queue.Add(ctx, e.ID+"-"+strconv.Itoa(i), b)
		}
		if err != nil {
			a.g.log.Error("A webhook can't be told", "rule", r.Name, "error", err)
		}
	}
}

// post tells a webhook. The error means that it is to be tried again.
func (a *alerting) post(ctx context.Context, b []byte) error {
	var j job
	if err := json.Unmarshal(b, &j); err != nil {
		return nil //nolint:nilerr // it would not be better the next time
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.URL, bytes.NewReader(j.Event))
	if err != nil {
		return nil //nolint:nilerr // the same
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	req.Header.Set("User-Agent", "sharpeyes/"+a.g.o.Version)
	if len(j.Sealed) > 0 {
		secret, err := a.keys.Open(alerts.SealName(j.Rule, j.URL), j.Sealed)
		if err != nil {
			a.g.log.Error("A webhook's secret can't be read; it isn't told", "rule", j.Rule, "error", err)
			return nil
		}
		at := strconv.FormatInt(time.Now().Unix(), 10)
		req.Header.Set("Sharpeyes-Time", at)
		req.Header.Set("Sharpeyes-Signature", "sha256="+sign(secret, at, j.Event))
	}
	res, err := a.web.Do(req)
	if err != nil {
		a.g.log.Warn("A webhook can't be told; it is tried again", "rule", j.Rule, "host", req.URL.Host, "error", errors.Unwrap(err))
		return err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10)
	if res.StatusCode/100 != 2 {
		a.g.log.Warn("A webhook can't be told; it is tried again", "rule", j.Rule, "host", req.URL.Host, "status", res.StatusCode)
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

// sign is the HMAC-SHA256, in hexadecimal, of the time, a dot and the body.
func sign(secret registry.Secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// leastKnown is how long channels must be known for their rate to say something.
const leastKnown = time.Hour

// rates is what is to be noted of the online rates of the last day against their targets.
func (a *alerting) rates(now time.Time) []alert.Seen {
	const day = 24 * time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := a.g.rates.Rates(ctx, registry.Query{}, []string{"class"}, now.Add(-day), now)
	if err != nil {
		return nil
	}
	var all []alert.Seen
	for _, group := range r.Groups {
		if group.Target == nil || group.OnlineRate == nil {
			continue
		}
		// A city that is known for some minutes has no rate of a day yet.
		if known := group.Online + group.Degraded + group.Offline; known < leastKnown.Seconds()*float64(group.Channels) {
			continue
		}
		of := fmt.Sprintf("class %d", group.Class)
		s := alert.Seen{
			ID: "rate of " + of + now.Format(time.DateOnly), Type: alert.RateMet, At: now, Of: of,
			Rate: *group.OnlineRate, Target: *group.Target,
		}
		if s.Rate < s.Target {
			s.Type = alert.RateBelow
		}
		all = append(all, s)
	}
	return all
}
