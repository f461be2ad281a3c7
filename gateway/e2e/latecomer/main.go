// Command latecomer is an example: a subscriber that comes at any time and knows from then on in which
// state each channel is, without a gap and without a repeat. docs/events.md tells why it is exact.
//
//	latecomer --server http://127.0.0.1:8080 --nats nats://127.0.0.1:4222 --token se_… \
//	    --subject 'sharpeyes.event.health.*.campus.>' --filter 'scenario=campus'
//
// It prints a line of JSON for each channel and then one for each change.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/nats-io/nats.go"
)

// Line is what is printed: the state of a channel, and the event that told it.
type Line struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Reason string `json:"reason"`
	Event  string `json:"event"` // empty when none has told a state yet
}

// waiting bounds the events that wait while the channels are read. When more come the connection is
// given up, and all begins again.
const waiting = 65536

func main() {
	server := flag.String("server", "http://127.0.0.1:8080", "the gateway's HTTP")
	bus := flag.String("nats", "nats://127.0.0.1:4222", "the gateway's NATS")
	token := flag.String("token", os.Getenv("SHARPEYES_TOKEN"), "from `sharpeyes users token`")
	subject := flag.String("subject", "sharpeyes.event.health.>", "what to hear of, as far as it is granted")
	filter := flag.String("filter", "", "the same channels as a query of GET /channels")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for ctx.Err() == nil {
		err := follow(ctx, *server, *bus, *token, *subject, *filter)
		if ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "latecomer: beginning again:", err)
			time.Sleep(time.Second)
		}
	}
}

// follow prints what is and what changes until the connection is lost, since nobody knows what was missed
// then.
func follow(ctx context.Context, server, bus, token, subject, filter string) error {
	lost := make(chan error, 1)
	report := func(err error) {
		select {
		case lost <- err:
		default:
		}
	}
	nc, err := nats.Connect(bus, nats.Token(token), nats.NoReconnect(),
		nats.ClosedHandler(func(nc *nats.Conn) { report(errors.Join(errors.New("the connection is gone"), nc.LastError())) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { report(err) })) // too slow, or not granted
	if err != nil {
		return err
	}
	defer nc.Close()

	// First listen, then look: whatever is told from here on waits in messages.
	messages := make(chan *nats.Msg, waiting)
	if _, err := nc.ChanSubscribe(subject, messages); err != nil {
		return err
	}
	if err := nc.FlushTimeout(10 * time.Second); err != nil { // the server has the subscription now
		return err
	}
	known, err := channels(ctx, server, token, filter) // id to the event that its state is of
	if err != nil {
		return err
	}
	for {
		select {
		case m := <-messages:
			var e struct {
				ID      string `json:"id"`
				Subject string `json:"subject"`
				Data    struct {
					State  string `json:"state"`
					Reason string `json:"reason"`
				} `json:"data"`
			}
			if err := json.Unmarshal(m.Data, &e); err != nil {
				return err
			}
			if e.ID <= known[e.Subject] {
				continue // it was told before the state was read: the state has it
			}
			known[e.Subject] = e.ID
			show(Line{e.Subject, e.Data.State, e.Data.Reason, e.ID})
		case err := <-lost:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// channels prints the state of each channel, page by page.
func channels(ctx context.Context, server, token, filter string) (map[string]string, error) {
	query, err := url.ParseQuery(filter)
	if err != nil {
		return nil, err
	}
	query.Set("limit", "1000")
	known := map[string]string{}
	for {
		var page struct {
			Items []struct {
				ID     string `json:"id"`
				Status struct {
					State  string `json:"state"`
					Reason string `json:"reason"`
					Event  string `json:"event"`
				} `json:"status"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := get(ctx, server+"/api/v1/channels?"+query.Encode(), token, &page); err != nil {
			return nil, err
		}
		for _, c := range page.Items {
			known[c.ID] = c.Status.Event
			show(Line{c.ID, c.Status.State, c.Status.Reason, c.Status.Event})
		}
		if page.Next == "" {
			return known, nil
		}
		query.Set("cursor", page.Next)
	}
}

func get(ctx context.Context, address, token string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

func show(l Line) {
	if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
		fmt.Fprintln(os.Stderr, "latecomer:", err)
		os.Exit(1)
	}
}
