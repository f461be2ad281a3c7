package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// asksASecond is how many pages are asked for over HTTP, whether earlier ones were answered or not.
const asksASecond = 200

// pagesOverHTTP asks a gateway for pages at a fixed rate while states change.
func (b *bench) pagesOverHTTP(ctx context.Context, g *gateway, l *lite, c *cityFile) error {
	if err := l.setStates(ctx, c); err != nil {
		return err
	}
	lites, err := litesOverHTTP(ctx, l, c)
	if err != nil {
		return err
	}
	base, stop, err := startChurning(ctx, filepath.Join(g.dir, "data"))
	if err != nil {
		return err
	}
	defer stop()
	const long = 5 * time.Second
	const count = int(long/time.Second) * asksASecond
	// What the machine and its network make of a question that costs nothing.
	nothing, err := ask(ctx, base+"/healthz", asksASecond, count)
	if err != nil {
		return err
	}
	p50, p99 := quantiles(nothing)
	b.table.Add(benchtable.Row{What: "over HTTP, nothing but \"alive\" (/healthz)", Measured: benchtable.Show(p50) + ", p99 " + benchtable.Show(p99)})
	for i, p := range pages() {
		took, err := ask(ctx, base+"/api/v1/channels?"+p.http, asksASecond, count)
		if err != nil { // too slow for the rate, perhaps; it has taken its time all the same
			benchtable.Progress("%s: %v", p.name, err)
		}
		p50, p99 := quantiles(took)
		b.page("over HTTP, by "+p.name, p50, p99, 5*time.Millisecond, lites[i], 0)
	}
	return nil
}

// litesOverHTTP is the median of each page out of SQLite over HTTP, asked for one after the other:
// the rate would be too much for it.
func litesOverHTTP(ctx context.Context, l *lite, c *cityFile) (lites []time.Duration, err error) {
	base, stop, err := serveSQLite(ctx, l)
	if err != nil {
		return nil, err
	}
	defer stop()
	still, err := l.churnFor(ctx, c.ids())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, still()) }()
	for _, p := range pages() {
		took, err := ask(ctx, base+"/?page="+url.QueryEscape(p.name), 0, 50)
		if err != nil {
			return nil, fmt.Errorf("SQLite: %s: %w", p.name, err)
		}
		p50, _ := quantiles(took)
		lites = append(lites, p50)
	}
	return lites, nil
}

// ask makes n requests at a rate, or one after the other when that is 0. At a rate none waits for
// another: a slow answer delays nobody's question. The time of each counts from when it was sent,
// since how late a timer fires says nothing of who is asked.
func ask(ctx context.Context, url string, rate, n int) ([]time.Duration, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	one := func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Accept-Encoding", "identity")
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return errors.New(res.Status)
		}
		return nil
	}
	took := make([]time.Duration, n)
	errs := make([]error, n)
	failed := func() error {
		all := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
		if len(all) == 0 {
			return nil
		}
		return fmt.Errorf("%d of %d requests failed, the first: %w", len(all), n, all[0])
	}
	if rate == 0 {
		for i := range took {
			began := time.Now()
			errs[i] = one()
			took[i] = time.Since(began)
		}
		return took, failed()
	}
	if err := one(); err != nil { // the connection and what is made only once
		return nil, err
	}
	var running sync.WaitGroup
	defer running.Wait()
	began := time.Now()
	for i := range took {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		running.Go(func() {
			sent := time.Now()
			errs[i] = one()
			took[i] = time.Since(sent)
		})
	}
	running.Wait()
	return took, failed()
}

// startChurning runs this program as a gateway whose states change.
func startChurning(ctx context.Context, dir string) (base string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, churnCommand, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	s := bufio.NewScanner(out)
	said := ""
	for s.Scan() {
		if said = s.Text(); strings.HasPrefix(said, "msg=ready http=") {
			return "http://" + strings.TrimPrefix(said, "msg=ready http="), stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("the churning gateway ended: %s", said)
}
