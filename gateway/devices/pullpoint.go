package devices

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sharpeyes/streams/onvif"
)

const (
	pullTime  = 20 * time.Second // a device may wait so long for something to say
	lifeTime  = 2 * time.Minute  // of a subscription that isn't renewed
	renewTime = time.Minute
	shortTime = 10 * time.Second // for any other answer

	eventsPort = "http://www.onvif.org/ver10/events/wsdl/"
)

// pullPoint is a subscription at a camera's event service (ONVIF Core Specification, 9.2).
type pullPoint struct {
	*client
	ahead      time.Duration // the camera's clock before ours
	events     string        // path of the event service
	manager    string        // path of the subscription
	to         string        // its address in the camera's words
	references []reference
}

func (p *pullPoint) listen(ctx context.Context, say func(word)) error {
	if err := p.subscribe(ctx); err != nil {
		return err
	}
	defer p.unsubscribe(ctx)
	var scanner onvif.Scanner
	renewed := time.Now()
	for {
		asked := time.Now()
		b, err := p.ask(ctx, pullTime+shortTime, p.manager, eventsPort+"PullPointSubscription/PullMessagesRequest",
			`<e:PullMessages xmlns:e="http://www.onvif.org/ver10/events/wsdl"><e:Timeout>PT20S</e:Timeout><e:MessageLimit>100</e:MessageLimit></e:PullMessages>`)
		if err != nil {
			return fmt.Errorf("pulling messages: %w", err)
		}
		messages := 0
		scanner.Write(b, func(n onvif.Notice) {
			messages++
			say(word{notice: n})
		})
		scanner.Reset()
		if time.Since(renewed) >= renewTime {
			renewed = time.Now()
			// A camera that can't renew ends the subscription, and gets another one.
			if err := p.renew(ctx); errors.Is(err, errRefused) || ctx.Err() != nil {
				return err
			}
		}
		if left := time.Second - time.Since(asked); messages == 0 && left > 0 { // it doesn't wait
			select {
			case <-time.After(left):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// subscribe asks for the camera's clock, its event service, and a subscription.
func (p *pullPoint) subscribe(ctx context.Context) error {
	const device = "/onvif/device_service"
	p.manager, p.references = "", nil
	b, err := p.send(ctx, shortTime, device, p.envelope("", "", nil, `<d:GetSystemDateAndTime xmlns:d="http://www.onvif.org/ver10/device/wsdl"/>`, time.Time{}))
	if err != nil {
		return fmt.Errorf("asking for the clock: %w", err)
	}
	a, err := parseAnswer(b)
	if err != nil {
		return fmt.Errorf("asking for the clock: %w", err)
	}
	if c := a.Clock; c != nil && c.Year > 0 {
		p.ahead = time.Until(time.Date(c.Year, time.Month(c.Month), c.Day, c.Hour, c.Minute, c.Second, 0, time.UTC))
	}
	b, err = p.ask(ctx, shortTime, device, "",
		`<d:GetCapabilities xmlns:d="http://www.onvif.org/ver10/device/wsdl"><d:Category>Events</d:Category></d:GetCapabilities>`)
	if err != nil {
		return fmt.Errorf("asking for the event service: %w", err)
	}
	if a, err = parseAnswer(b); err != nil {
		return fmt.Errorf("asking for the event service: %w", err)
	}
	p.events = pathOf(a.Events, "/onvif/event_service")
	p.to = a.Events
	b, err = p.ask(ctx, shortTime, p.events, eventsPort+"EventPortType/CreatePullPointSubscriptionRequest",
		`<e:CreatePullPointSubscription xmlns:e="http://www.onvif.org/ver10/events/wsdl"><e:InitialTerminationTime>PT120S</e:InitialTerminationTime></e:CreatePullPointSubscription>`)
	if err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	if a, err = parseAnswer(b); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	p.manager, p.to, p.references = pathOf(a.Subscription.Address, p.events), a.Subscription.Address, named(a.Subscription.References.All)
	return nil
}

// named are those references whose names can be said again.
func named(all []reference) (some []reference) {
	for _, r := range all {
		if name.MatchString(r.XMLName.Local) && len(some) < 8 {
			some = append(some, r)
		}
	}
	return some
}

func (p *pullPoint) renew(ctx context.Context) error {
	_, err := p.ask(ctx, shortTime, p.manager, "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest",
		`<n:Renew xmlns:n="http://docs.oasis-open.org/wsn/b-2"><n:TerminationTime>PT120S</n:TerminationTime></n:Renew>`)
	return err
}

// unsubscribe gives the subscription back, since cameras have but a few. Nobody waits for long.
func (p *pullPoint) unsubscribe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _ = p.ask(ctx, 2*time.Second, p.manager, "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest",
		`<n:Unsubscribe xmlns:n="http://docs.oasis-open.org/wsn/b-2"/>`)
}

// ask makes a request that is signed at the camera's time. A fault is an error.
func (p *pullPoint) ask(ctx context.Context, within time.Duration, path, action, body string) ([]byte, error) {
	b, err := p.send(ctx, within, path, p.envelope(action, p.to, p.references, body, time.Now().Add(p.ahead)))
	if err != nil {
		return nil, err
	}
	if _, err := parseAnswer(b); err != nil {
		return nil, err
	}
	return b, nil
}

func (p *pullPoint) send(ctx context.Context, within time.Duration, path, envelope string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	res, err := p.do(ctx, http.MethodPost, path, "application/soap+xml; charset=utf-8", envelope)
	if err != nil {
		return nil, err
	}
	return read(res)
}
