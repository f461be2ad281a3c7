//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// Thousands of connections that say nothing, a thousand that send garbage, and a thousand wrong passwords a
// second: a live reader loses nothing, memory stays bounded, and the right user still gets in.
func TestFloods(t *testing.T) {
	if testing.Short() {
		t.Skip("it opens thousands of connections")
	}
	const silent, garbage, wrong = 10_000, 1000, 1000
	s := startSim(t, 50)
	g, admin := startGuarded(t, nil)
	admin("channels", "import", writeCSV(t, []row{s.channelRow("gate", s.find(t, 0, plain(sim.H264, true)))}))

	reader, err := dial(t.Context(), net.Dialer{}, g.play("gate"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	reader.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+adminPassword))
	if err := reader.play(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var packets atomic.Int64
	lost := make(chan error, 1)
	go func() {
		for {
			if err := reader.next(); err != nil { // which finds what is missing
				lost <- err
				return
			}
			packets.Add(1)
		}
	}()
	before, _ := g.resident(t)
	natsAddress := strings.TrimPrefix(g.nats, "nats://")
	listeners := []string{g.http, g.rtsp, natsAddress}

	// From many addresses, as a botnet would.
	from := func(i int) net.Dialer {
		return net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 8, byte(i>>8), byte(i))}, Timeout: 10 * time.Second}
	}
	var mu sync.Mutex
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	var work sync.WaitGroup
	hold := func(n int, say string) {
		slots := make(chan struct{}, 64)
		for i := range n {
			slots <- struct{}{}
			work.Go(func() {
				defer func() { <-slots }()
				d := from(i % 500)
				c, err := d.DialContext(ctx, "tcp", listeners[i%len(listeners)])
				if err != nil {
					return // it was refused, as it may be
				}
				if say != "" {
					_ = c.SetWriteDeadline(time.Now().Add(time.Second))
					_, _ = c.Write([]byte(say))
				}
				mu.Lock()
				open = append(open, c)
				mu.Unlock()
			})
		}
		work.Wait()
	}
	hold(silent, "")
	hold(garbage, strings.Repeat("\x16\x03\x01\x00GARBAGE\r\n\x00\xff$$$$", 500))

	// Wrong passwords, a thousand a second for ten seconds, from as many addresses.
	client := func(i int) *http.Client {
		d := from(i)
		return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
	}
	var denied, slowed, other atomic.Int64
	tick := time.NewTicker(time.Second / wrong)
	defer tick.Stop()
	slots := make(chan struct{}, 400)
	var entered []time.Duration
	for i := range 10 * wrong {
		<-tick.C
		if i%(2*wrong) == wrong {
			// The right user, from an address that nobody has come from, and from their own.
			for _, who := range []*http.Client{client(40_000 + i), {Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}} {
				began := time.Now()
				status, err := signsIn(ctx, who, g.server(), adminPassword)
				if err != nil || status != http.StatusOK {
					t.Errorf("the right user is answered %d, %v", status, err)
				}
				entered = append(entered, time.Since(began))
			}
		}
		select {
		case slots <- struct{}{}:
		default:
			other.Add(1) // the guesser has no more hands
			continue
		}
		work.Go(func() {
			defer func() { <-slots }()
			switch status, err := signsIn(ctx, client(i%3000), g.server(), fmt.Sprint("wrong-", i)); {
			case err != nil:
				other.Add(1)
			case status == http.StatusUnauthorized:
				denied.Add(1)
			case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable: // on a slow machine
				slowed.Add(1)
			default:
				t.Errorf("a wrong password is answered with %d", status)
			}
		})
	}
	work.Wait()
	now, most := g.resident(t)
	t.Logf("%d connections held, %d passwords denied, %d slowed, %d not answered; the right user got in after %v; memory %d MiB before, %d at most; %d packets",
		len(open), denied.Load(), slowed.Load(), other.Load(), entered, before>>20, most>>20, packets.Load())
	if most-before > 400<<20 {
		t.Errorf("memory went from %d to %d MiB, now %d", before>>20, most>>20, now>>20)
	}
	select {
	case err := <-lost:
		t.Errorf("the reader: %v", err)
	default:
	}
	if packets.Load() == 0 {
		t.Error("the reader got nothing")
	}
	stop()
}

// signsIn asks who one is, with a password.
func signsIn(ctx context.Context, c *http.Client, server, password string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/session", nil)
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth("admin", password)
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return res.StatusCode, nil
}
