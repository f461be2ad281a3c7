//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry/event"
)

const (
	perSecond = 10_000
	ruled     = 15 * time.Second
	alarming  = 20 // events a second that are to raise an alert
)

var ready = regexp.MustCompile(`msg=ready http=(\S+) rtsp=\S+ nats=(\S+)`)

// rules publishes motion events as fast as a large city has them, into a gateway with rules, and waits for the
// alerts that some of them must raise.
func (b *bench) rules(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 3*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, b.binary, "serve")
	cmd.Env = append(os.Environ(), "SHARPEYES_DATA_DIR="+filepath.Join(b.dir, "rules"), "SHARPEYES_HTTP_LISTEN=127.0.0.1:0",
		"SHARPEYES_RTSP_LISTEN=127.0.0.1:0", "SHARPEYES_NATS_LISTEN=127.0.0.1:0", "SHARPEYES_ACCESS_ANONYMOUS=admin")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}()
	addresses := make(chan []string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		said := ""
		buf := make([]byte, 4096)
		for {
			n, err := stderr.Read(buf)
			if said += string(buf[:n]); len(said) < 1<<16 {
				if m := ready.FindStringSubmatch(said); m != nil {
					select {
					case addresses <- m[1:]:
					default:
					}
				}
			}
			if err != nil {
				return
			}
		}
	})
	defer reading.Wait()
	var at []string
	select {
	case at = <-addresses:
	case <-time.After(30 * time.Second):
		return errors.New("the gateway isn't ready within 30 s")
	}
	rule := `{"title":"{channel} moves","enabled":true,"types":["sharpeyes.motion.started"],"severity":"info","fold_by":"channel","when":"score > 0.99"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+at[0]+"/api/v1/rules/bench", strings.NewReader(rule))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("setting the rule: %w", err)
	}
	said, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("setting the rule: %s: %s", res.Status, said)
	}
	return b.storm(ctx, at[1])
}

func (b *bench) storm(ctx context.Context, url string) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4000))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	sent := map[string]time.Time{} // by channel: when its alarming event was published
	var late []time.Duration
	raised := map[string]int{}
	if _, err := nc.Subscribe("sharpeyes.event.alert.>", func(m *nats.Msg) {
		now := time.Now()
		var e struct {
			Type    event.Type
			Subject string
		}
		if json.Unmarshal(m.Data, &e) != nil || e.Type != event.AlertRaised {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if began, ok := sent[e.Subject]; ok {
			if raised[e.Subject]++; raised[e.Subject] == 1 {
				late = append(late, now.Sub(began))
			}
		}
	}); err != nil {
		return err
	}
	if err := nc.Flush(); err != nil {
		return err
	}
	began := time.Now()
	total := int(ruled.Seconds()) * perSecond
	for i := range total {
		if wait := time.Until(began.Add(time.Duration(i) * time.Second / perSecond)); wait > time.Millisecond {
			time.Sleep(wait)
		}
		ch := event.Channel{ID: fmt.Sprintf("c%d", i%50_000), Name: "c", Class: 1 + i%3, Site: "xiamen/siming", Scenario: "campus"}
		score := 0.5
		if i%(perSecond/alarming) == 0 {
			ch.ID = fmt.Sprintf("alarm-%d", i)
			score = 1
		}
		now := time.Now()
		e := event.New("bench", event.MotionStarted, now, event.Motion{Channel: ch, Score: score, Source: event.FromBitstream, Started: now})
		m := nats.NewMsg(e.Topic())
		if m.Data, err = json.Marshal(e); err != nil {
			return err
		}
		m.Header.Set(nats.MsgIdHdr, e.ID)
		if score == 1 {
			mu.Lock()
			sent[ch.ID] = now
			mu.Unlock()
		}
		if _, err := js.PublishMsgAsync(m, jetstream.WithStallWait(10*time.Second)); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
	}
	took := time.Since(began)
	deadline := time.Now().Add(30 * time.Second)
	for {
		mu.Lock()
		done := len(late) == len(sent)
		mu.Unlock()
		if done || time.Now().After(deadline) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	mu.Lock()
	defer mu.Unlock()
	twice := 0
	for _, n := range raised {
		if n > 1 {
			twice++
		}
	}
	b.say("motion events a second through the rules", fmt.Sprintf("%.0f", float64(total)/took.Seconds()), "10000", float64(total)/took.Seconds() >= 0.99*perSecond)
	b.say("alerts lost", fmt.Sprint(len(sent)-len(late)), "0", len(sent) == len(late))
	b.say("alerts raised twice", fmt.Sprint(twice), "0", twice == 0)
	if len(late) > 0 {
		p99 := percentile(late, 0.99)
		b.say("from event to alert, p50", percentile(late, 0.5).Round(100*time.Microsecond).String(), "", true)
		b.say("from event to alert, p99", p99.Round(100*time.Microsecond).String(), "50ms", p99 <= 50*time.Millisecond)
	}
	return nil
}
